/** I/O ports: whatever a test plugs in, a UART at COM1 and isa-debug-exit from the start. */
import { DebugExit } from "./faults.ts";

export interface PortDevice {
  readonly read?: (port: number, width: 1 | 2 | 4) => number;
  readonly write?: (port: number, value: number, width: 1 | 2 | 4) => void;
}
export interface PortWrite {
  readonly port: number;
  readonly value: number;
  readonly width: 1 | 2 | 4;
}

const COM1 = 0x3f8;
const DEBUG_EXIT = 0xf4;

let devices = new Map<number, PortDevice>();
/** Every write to any port, in order. */
export const portWrites: PortWrite[] = [];
let sent: number[] = [];
let typed: number[] = [];
let divisorLatch = false;

export function portsReset(): void {
  devices = new Map();
  portWrites.length = 0;
  sent = [];
  typed = [];
  divisorLatch = false;
  portPlug(COM1, 8, { read: uartRead, write: uartWrite });
  portPlug(DEBUG_EXIT, 4, {
    write(_port, value) {
      throw new DebugExit(value);
    },
  });
}

/** `device` answers on `count` ports from `first` on; null unplugs what was there. */
export function portPlug(first: number, count: number, device: PortDevice | null): void {
  for (let port = first; port < first + count; port++) {
    if (device === null) devices.delete(port);
    else devices.set(port, device);
  }
}

/** What the kernel sent on COM1, as Latin-1; taking it empties it. */
export function serialTake(): string {
  const text = String.fromCharCode(...sent);
  sent = [];
  return text;
}
/** Bytes that wait on COM1 for the kernel to read. */
export function serialType(text: string): void {
  typed.push(...Buffer.from(text, "latin1"));
}

export function portRead(port: number, width: 1 | 2 | 4): number {
  const answer = devices.get(port)?.read?.(port, width);
  return answer ?? 2 ** (8 * width) - 1; // nobody drives the bus: all ones
}
export function portWrite(port: number, value: number, width: 1 | 2 | 4): void {
  if (!(value >= 0 && value < 2 ** (8 * width))) throw new RangeError(`${width} bytes cannot hold ${value}`);
  portWrites.push({ port, value, width });
  devices.get(port)?.write?.(port, value, width);
}

/** The registers of a 16550 that a polled driver uses: data, line control, line status; the others read as zero. */
function uartRead(port: number): number {
  switch (port - COM1) {
    case 0:
      return divisorLatch ? 0 : (typed.shift() ?? 0);
    case 5:
      return 0x60 | (typed.length > 0 ? 1 : 0);
    default:
      return 0;
  }
}
function uartWrite(port: number, value: number): void {
  if (port === COM1 && !divisorLatch) sent.push(value);
  if (port === COM1 + 3) divisorLatch = (value & 0x80) !== 0;
}
