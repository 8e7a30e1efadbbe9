/** The lines of a boot in their order, figures left open: what README shows, and what a person waits for. */
export const BOOT_LINES = [
  /^boot: Palimpsest, a kernel in TypeScript$/,
  /^arch: cpu( \S+)+$/,
  /^arch: clock tsc-khz=\d{5,} ticks=100 unix-time=\d{10}$/,
  /^dev: boot information ranges=\d+ modules=\d+$/,
  /^dev: options .*$/,
  /^mm\/phys: memory map regions=\d+ usable-frames=\d+ end=p0x[0-9a-f]+$/,
  /^mm\/paging: frame table at=p0x[0-9a-f]+ size=0x[0-9a-f]+ tables=\d+$/,
  /^mm\/phys: frames total=\d+ free=\d+ bitmap=p0x[0-9a-f]+ size=0x[0-9a-f]+$/,
  /^mm\/paging: kernel map root=p0x[0-9a-f]+ tables=\d+$/,
  /^boot: given back frames=\d+$/,
  /^mm\/heap: heap base=v0x444444440000 kib=1024 max-kib=\d+$/,
  /^dev: acpi [rx]sdt tables=\d+$/,
  /^mm\/fault: demand page v0xffffe80000000000 -> p0x[0-9a-f]+, given back$/,
  /^boot: up frames-free=\d+$/,
];
