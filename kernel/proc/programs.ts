/** The programs that can be run: the modules of the boot loader, by the name that it gave them. */
import { load8 } from "../doors/machine.ts";
import { moduleCount, moduleEnd, moduleName, moduleNameLength, moduleStart } from "../dev/boot-info.ts";
import { NO_SPACE_OBJECT, OBJECT, objectOfModule, objectReferenceDrop, type SpaceObject } from "../mm/space/object.ts";

const SLASH = 0x2f;
const SPACE = 0x20;
const NO_MODULE = -1;

/** How many there are, and where the name of one is: the first word of its text, without folders. */
export function programCount(): number {
  return moduleCount();
}
export function programName(index: number): bigint {
  const text = moduleName(index);
  let name = 0;
  for (let i = 0; i < textLength(index); i++) {
    if (load8(text + BigInt(i)) === SLASH) name = i + 1;
  }
  return text + BigInt(name);
}
export function programNameLength(index: number): number {
  return textLength(index) - Number(programName(index) - moduleName(index));
}

/**
 * The file of that name, with one reference, the caller's; folders in front of it do not count. NO_SPACE_OBJECT: there
 * is none, or no memory for the record.
 */
export function programFind(name: bigint, length: number): SpaceObject {
  const index = indexOf(name, length);
  if (index === NO_MODULE) return NO_SPACE_OBJECT;
  return objectOfModule(moduleStart(index), moduleEnd(index) - moduleStart(index));
}
/** Which program the file is; -1: none. */
export function programIndex(object: SpaceObject): number {
  for (let index = 0; index < moduleCount(); index++) {
    if (moduleStart(index) === OBJECT.start(object)) return index;
  }
  return NO_MODULE;
}
export function programDrop(object: SpaceObject): void {
  objectReferenceDrop(object);
}
export function programIsThere(name: bigint, length: number): boolean {
  return indexOf(name, length) !== NO_MODULE;
}

function indexOf(name: bigint, length: number): number {
  let from = 0;
  for (let i = 0; i < length; i++) {
    if (load8(name + BigInt(i)) === SLASH) from = i + 1;
  }
  for (let index = 0; index < moduleCount(); index++) {
    if (isSame(name + BigInt(from), length - from, programName(index), programNameLength(index))) return index;
  }
  return NO_MODULE;
}

/** Up to the first space. */
function textLength(index: number): number {
  const text = moduleName(index);
  let length = 0;
  while (length < moduleNameLength(index) && load8(text + BigInt(length)) !== SPACE) length++;
  return length;
}

function isSame(a: bigint, lengthOfA: number, b: bigint, lengthOfB: number): boolean {
  if (lengthOfA !== lengthOfB || lengthOfA === 0) return false;
  for (let i = 0; i < lengthOfA; i++) {
    if (load8(a + BigInt(i)) !== load8(b + BigInt(i))) return false;
  }
  return true;
}
