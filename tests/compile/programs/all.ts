/** One program of all the constructs, so that it is compiled once. */
export * from "./numbers.ts";
export * from "./bigints.ts";
export * from "./control.ts";
export * from "./calls.ts";
export * from "./memory.ts";
export * from "./constants.ts";
export * from "./never.ts";
