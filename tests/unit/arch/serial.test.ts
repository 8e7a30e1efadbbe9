import { beforeEach, expect, test } from "vitest";
import { serialInit, serialRead, serialWrite } from "../../../kernel/arch/serial.ts";
import { fakeMachine, type Machine } from "../../fake/machine.ts";

const COM1 = 0x3f8;
const TRANSMITTER_EMPTY = 0x20;

let machine: Machine;
beforeEach(() => {
  machine = fakeMachine();
});

test("the UART is set to 115200 baud, 8N1, FIFO on, and no interrupts", () => {
  const registers = new Map<number, number>();
  let divisor = 0xffff;
  machine.portPlug(COM1, 8, {
    read: () => 0x60,
    write(port, value) {
      const latch = ((registers.get(3) ?? 0) & 0x80) !== 0;
      if (latch && port === COM1) divisor = (divisor & 0xff00) | value;
      else if (latch && port === COM1 + 1) divisor = (divisor & 0xff) | (value << 8);
      else registers.set(port - COM1, value);
    },
  });
  serialInit();
  expect(115200 / divisor).toBe(115200);
  expect(registers.get(3)).toBe(0b0000_0011); // 8 data bits, 1 stop bit, no parity, latch off
  expect(registers.get(2)! & 1).toBe(1);
  expect(registers.get(1)).toBe(0);
});

test("a byte goes out as it is, and a line feed behind a carriage return", () => {
  serialInit();
  for (const byte of Buffer.from("a\nb")) serialWrite(byte);
  expect(machine.serialTake()).toBe("a\r\nb");
});

test("reading takes one byte at a time and says when there is none", () => {
  serialInit();
  machine.serialType("hi");
  expect([serialRead(), serialRead(), serialRead()]).toEqual([0x68, 0x69, -1]);
});

test("a missing UART is silence: nothing is written to it, nothing is read, and nobody waits", () => {
  let reads = 0;
  machine.portPlug(COM1, 8, { read: () => (reads++, 0xff) });
  serialInit();
  const [readsBefore, writesBefore] = [reads, machine.portWrites.length];
  for (let i = 0; i < 1000; i++) serialWrite(65);
  expect(serialRead()).toBe(-1);
  expect(machine.portWrites.length).toBe(writesBefore);
  expect(reads).toBe(readsBefore);
});

test("a UART that takes no byte is waited for once, then looked at once a byte, and used when it recovers", () => {
  let ready = true;
  let reads = 0;
  const sent: number[] = [];
  machine.portPlug(COM1, 8, {
    read: () => (reads++, ready ? TRANSMITTER_EMPTY : 0),
    write: (port, value) => void (port === COM1 && sent.push(value)),
  });
  serialInit();
  sent.length = 0;
  ready = false;
  serialWrite(65);
  expect(reads).toBeGreaterThan(100_000);
  expect(reads).toBeLessThan(10_000_000);
  reads = 0;
  for (let i = 0; i < 100; i++) serialWrite(66);
  expect(reads).toBe(100);
  ready = true;
  serialWrite(67);
  expect(sent).toEqual([67]);
});
