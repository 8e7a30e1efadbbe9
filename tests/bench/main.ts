/** Command line: `main.ts [AREA]`. Prints a table, writes build/bench.json. */
import { compilerReport } from "./compiler.ts";
import { figuresWrite, type Figure, type Report } from "./figures.ts";
import { framesReport } from "./frames.ts";
import { framesMachineReport } from "./frames-machine.ts";
import { heapReport } from "./heap.ts";
import { pagingReport } from "./paging.ts";
import { processesReport } from "./processes/processes.ts";
import { regionsReport } from "./regions.ts";
import { toolsReport } from "./tools.ts";

type Measured = () => Report | Promise<Report>;
const AREAS: Readonly<Record<string, readonly Measured[]>> = {
  compiler: [compilerReport, toolsReport],
  frames: [framesReport, framesMachineReport],
  paging: [pagingReport, regionsReport],
  heap: [heapReport],
  processes: [processesReport],
};
const FILE = "build/bench.json";

const [area] = process.argv.slice(2);
const chosen = area === undefined || area === "" ? Object.keys(AREAS) : [area];
const unknown = chosen.find((name) => AREAS[name] === undefined);
if (unknown !== undefined) {
  console.error(`no area is called ${unknown}: there are ${Object.keys(AREAS).join(", ")}`);
  process.exit(2);
}

const figures: Figure[] = [];
for (const name of chosen) {
  for (const report of AREAS[name] ?? []) {
    const done = await measured(name, report);
    console.log(done.lines.join("\n"));
    figures.push(...done.figures);
  }
}
figuresWrite(FILE, figures);
console.log(`\n${figures.filter(({ met }) => met).length} of ${figures.length} figures meet their goal; ${FILE}`);

/** On a terminal there is a line while it takes its time. */
async function measured(name: string, report: Measured): Promise<Report> {
  if (!process.stdout.isTTY) return report();
  process.stdout.write(`  measuring ${name} ...`);
  const done = await report();
  process.stdout.write("\r\x1b[K");
  return done;
}
