/** What `make bench` finds out: figures, as the areas give them and as build/bench.json holds them. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

export interface Figure {
  readonly area: string;
  readonly name: string;
  /** In `unit`; smaller is better. */
  readonly value: number;
  readonly unit: string;
  /** For `ratio` where there is a peer, for `value` where there is none. */
  readonly goal: number;
  readonly met: boolean;
  readonly peer: string | null;
  readonly peerValue: number | null;
  /** value / peerValue. */
  readonly ratio: number | null;
}

/** What an area answers: lines of at most 80 columns for people, figures for programs. */
export interface Report {
  readonly lines: readonly string[];
  readonly figures: readonly Figure[];
}

/** A ratio of 1.00 is met by what is this close: placing the same code elsewhere changes times by as much. */
export const TOLERANCE = 0.05;

/** A figure whose goal is to be no more than the peer's. */
export function comparedFigure(
  { area, name, unit }: Pick<Figure, "area" | "name" | "unit">,
  value: number,
  peer: string,
  peerValue: number,
): Figure {
  const ratio = rounded(value / peerValue);
  const met = ratio <= 1 + TOLERANCE;
  return { area, name, value: rounded(value), unit, goal: 1, met, peer, peerValue: rounded(peerValue), ratio };
}

/** A figure without a peer, whose goal is a limit. */
export function limitedFigure(
  { area, name, unit }: Pick<Figure, "area" | "name" | "unit">,
  value: number,
  goal: number,
): Figure {
  const met = value <= goal;
  return { area, name, value: rounded(value), unit, goal, met, peer: null, peerValue: null, ratio: null };
}

export function figuresWrite(path: string, figures: readonly Figure[]): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `[\n${figures.map((figure) => ` ${JSON.stringify(figure)}`).join(",\n")}\n]\n`);
}

/** To four digits: more are noise. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
