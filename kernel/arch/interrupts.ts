/**
 * The two 8259A interrupt controllers of a PC ("PIC"): 16 lines, of which line 2 is the second controller.
 *
 *   line 0 timer   1 keyboard   2 the second PIC   4 serial port   8 wall clock   …   vector = IRQ_VECTOR + line
 *
 * Every line is masked until its owner opens it. Intel 8259A datasheet, "Initialization Command Words", "Operation
 * Command Words", "Spurious Interrupts". Each operation is a handful of port accesses, half a microsecond each on a PC.
 */
import { inb, outb } from "../doors/machine.ts";

/** The lines that this kernel knows. */
export const IRQ = { TIMER: 0, SECOND_PIC: 2, SERIAL: 4 } as const;
export const IRQ_COUNT = 16;
/** Line 0 arrives at this vector: the first behind the CPU's own. */
export const IRQ_VECTOR = 32;

const FIRST = { COMMAND: 0x20, DATA: 0x21 } as const;
const SECOND = { COMMAND: 0xa0, DATA: 0xa1 } as const;
const LINES_EACH = 8;

const ICW1_INIT = 0x11; // edge triggered, cascaded, ICW4 follows
const ICW4_8086 = 0x01;
const SECOND_PIC_BIT = 1 << IRQ.SECOND_PIC; // ICW3 of the first one: where the second is
const EOI = 0x20; // OCW2, non-specific: the line of highest priority in service is done
const READ_IN_SERVICE = 0x0b; // OCW3: the next read of COMMAND answers the in-service bits
const SPURIOUS_LINE = 7; // of each controller: what it says when the line has gone away before it was asked

let masks = 0xffff; // a bit a line: set, the line is closed

/**
 * Moves both away from the vectors of the CPU's exceptions, where firmware leaves them, and closes every line. Until
 * then no interrupt may be let in.
 */
export function interruptsInit(): void {
  initialise(FIRST.COMMAND, FIRST.DATA, IRQ_VECTOR, SECOND_PIC_BIT);
  initialise(SECOND.COMMAND, SECOND.DATA, IRQ_VECTOR + LINES_EACH, IRQ.SECOND_PIC);
  masks = 0xffff & ~SECOND_PIC_BIT;
  masksWrite();
}

/** Lets `line` (0..15) interrupt. */
export function irqOpen(line: number): void {
  masks &= ~(1 << line);
  masksWrite();
}
export function irqClose(line: number): void {
  masks |= 1 << line;
  masksWrite();
}

/**
 * Was there no interrupt behind the one on `line`? Then nobody is to be served and irqEnd is not to be called: where
 * the first PIC did pass something on from the second, it has been told here.
 */
export function irqIsSpurious(line: number): boolean {
  if (line % LINES_EACH !== SPURIOUS_LINE) return false;
  const command = line < LINES_EACH ? FIRST.COMMAND : SECOND.COMMAND;
  outb(command, READ_IN_SERVICE);
  if ((inb(command) & (1 << SPURIOUS_LINE)) !== 0) return false;
  if (command === SECOND.COMMAND) outb(FIRST.COMMAND, EOI);
  return true;
}

/** The interrupt on `line` has been served: it may come again, and those of lower priority may come. */
export function irqEnd(line: number): void {
  if (line >= LINES_EACH) outb(SECOND.COMMAND, EOI);
  outb(FIRST.COMMAND, EOI);
}

function initialise(command: number, data: number, vector: number, cascade: number): void {
  outb(command, ICW1_INIT);
  outb(data, vector); // ICW2
  outb(data, cascade); // ICW3
  outb(data, ICW4_8086);
}

function masksWrite(): void {
  outb(FIRST.DATA, masks & 0xff);
  outb(SECOND.DATA, masks >>> LINES_EACH);
}
