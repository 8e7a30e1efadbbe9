/** Random choices that a seed repeats: Marsaglia, "Xorshift RNGs". */
export class Chance {
  /** `state` is anything but 0. */
  constructor(private state: number) {}

  below(limit: number): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return (this.state >>> 0) % limit;
  }
  chance(oneIn: number): boolean {
    return this.below(oneIn) === 0;
  }
  pick<T>(of: readonly T[]): T {
    return of[this.below(of.length)]!;
  }
  /** The bit, or 0. */
  flag(bit: bigint): bigint {
    return this.chance(2) ? bit : 0n;
  }
}
