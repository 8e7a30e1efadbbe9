/** Numbers of any size in groups of three bits, lowest first, each in a nibble whose fourth bit says that more come. */
const MORE = 8;

export class Nibbles {
  readonly #nibbles: number[] = [];

  /** Where the next number will begin, counted in nibbles. */
  get position(): number {
    return this.#nibbles.length;
  }

  /** Of 0 and above. */
  put(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} cannot be packed`);
    let rest = value;
    for (; rest >= MORE; rest = Math.floor(rest / MORE)) this.#nibbles.push(MORE | (rest % MORE));
    this.#nibbles.push(rest);
  }

  /** Of either sign: 0, -1, 1, -2, 2 … are put as 0, 1, 2, 3, 4 … */
  putSigned(value: number): void {
    this.put(value < 0 ? -2 * value - 1 : 2 * value);
  }

  /** The lower half of a byte comes first. */
  bytes(): Uint8Array {
    const bytes = new Uint8Array(Math.ceil(this.#nibbles.length / 2));
    this.#nibbles.forEach((nibble, i) => (bytes[i >> 1]! |= i % 2 === 0 ? nibble : nibble << 4));
    return bytes;
  }
}
