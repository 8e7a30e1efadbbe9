/** Imports constants.ts, which imports this. */
import { evenFromThere, RIGHTS } from "./constants.ts";

export const FIRST = 4;
export let memory = 0;

export function below(a: number): number {
  return a + RIGHTS.COUNT;
}
export function remember(a: number): void {
  memory = a;
}
export function evenFromHere(a: number): boolean {
  return (a & 15) !== 0 && evenFromThere((a & 15) - 1);
}
export function renamed(a: number): number {
  return a & 1;
}
export function stateOfCircle(): number {
  return memory;
}
