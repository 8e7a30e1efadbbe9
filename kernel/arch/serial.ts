/**
 * COM1, a 16550 UART: 115200 baud, 8N1, FIFO on. The kernel's log and its console. Sending is polled; what arrives can
 * interrupt, and waits in a queue until somebody reads it.
 * It never waits for good: where no UART answers it is silent, and bytes that a stuck one does not take are dropped.
 * Registers: PC16550D datasheet, "Registers".
 */
import { inb, load8, outb, staticBytes, store8 } from "../doors/machine.ts";
import { IRQ, irqOpen } from "./interrupts.ts";

const UART = {
  DATA: 0x3f8, // the divisor's low byte while DIVISOR_LATCH is on
  INTERRUPT_ENABLE: 0x3f9, // the divisor's high byte while DIVISOR_LATCH is on
  FIFO_CONTROL: 0x3fa,
  LINE_CONTROL: 0x3fb,
  MODEM_CONTROL: 0x3fc,
  LINE_STATUS: 0x3fd,
} as const;

const DIVISOR_LATCH = 0x80; // line control
const EIGHT_BITS_NO_PARITY = 0x03; // line control: 8N1
const FIFO_ON_AND_CLEARED = 0xc7; // FIFO control: enabled, both emptied, threshold 14
const TERMINAL_READY = 0x03; // modem control: DTR, RTS
const INTERRUPT_GATE = 0x08; // modem control: OUT2, which on a PC lets the interrupt through
const WHEN_DATA_ARRIVES = 0x01; // interrupt enable
const DATA_READY = 0x01; // line status
const TRANSMITTER_EMPTY = 0x20; // line status: THRE
const NOBODY = 0xff; // a port that no device drives

const DIVISOR_115200 = 1;
/** Status reads before a byte is dropped: a full FIFO drains in 1.4 ms, these take some hundred milliseconds. */
const PATIENCE = 1 << 20;

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** Bytes that have arrived and that nobody has read; a power of two. */
const QUEUE_SIZE = 256;
const queue = staticBytes(QUEUE_SIZE, 8);
let received = 0; // bytes put into the queue, ever
let taken = 0; // bytes taken out of it, ever

let present = false;
let stuck = false; // the last byte was dropped: the next ones look once instead of waiting

/** Sets the UART up, or finds that there is none. Until then, writing does nothing and reading finds nothing. */
export function serialInit(): void {
  outb(UART.INTERRUPT_ENABLE, 0);
  outb(UART.LINE_CONTROL, DIVISOR_LATCH);
  outb(UART.DATA, DIVISOR_115200);
  outb(UART.INTERRUPT_ENABLE, 0);
  outb(UART.LINE_CONTROL, EIGHT_BITS_NO_PARITY);
  outb(UART.FIFO_CONTROL, FIFO_ON_AND_CLEARED);
  outb(UART.MODEM_CONTROL, TERMINAL_READY);
  present = inb(UART.LINE_STATUS) !== NOBODY;
  stuck = false;
  taken = received;
}

/** From now on IRQ.SERIAL rises when something arrives: whoever serves it calls serialReceive. */
export function serialInterrupt(): void {
  if (!present) return;
  outb(UART.MODEM_CONTROL, TERMINAL_READY | INTERRUPT_GATE);
  outb(UART.INTERRUPT_ENABLE, WHEN_DATA_ARRIVES);
  irqOpen(IRQ.SERIAL);
}

/** Sends `byte`; a line feed goes out as carriage return and line feed. At most PATIENCE status reads a byte. */
export function serialWrite(byte: number): void {
  if (!present) return;
  if (byte === LINE_FEED) send(CARRIAGE_RETURN);
  send(byte);
}

/**
 * Puts what has arrived into the queue: the interrupt's handler. What the queue does not hold stays in the UART until
 * serialRead looks there: its line is high already, and does not rise again. Interrupts must be off.
 */
export function serialReceive(): void {
  while (received - taken < QUEUE_SIZE && (inb(UART.LINE_STATUS) & DATA_READY) !== 0) {
    store8(queue + BigInt(received % QUEUE_SIZE), inb(UART.DATA));
    received++;
  }
}

/** The next byte that has arrived, -1 when there is none. Interrupts must be off; it works without them. */
export function serialRead(): number {
  if (!present) return -1;
  serialReceive();
  if (taken === received) return -1;
  const byte = load8(queue + BigInt(taken % QUEUE_SIZE));
  taken++;
  return byte;
}

/** Is `byte` among those that have arrived and that nobody has read? It stays there. Cost: their number. */
export function serialHolds(byte: number): boolean {
  if (!present) return false;
  serialReceive();
  for (let at = taken; at < received; at++) {
    if (load8(queue + BigInt(at % QUEUE_SIZE)) === byte) return true;
  }
  return false;
}

/** Has anybody answered at the UART's ports? */
export function serialIsPresent(): boolean {
  return present;
}

function send(byte: number): void {
  const patience = stuck ? 1 : PATIENCE;
  stuck = true;
  for (let reads = 0; reads < patience; reads++) {
    if ((inb(UART.LINE_STATUS) & TRANSMITTER_EMPTY) !== 0) {
      stuck = false;
      outb(UART.DATA, byte);
      return;
    }
  }
}
