/** Command line: `main.ts [AREA]`. Prints a table, writes build/bench.json. */
import { compilerReport } from "./compiler.ts";
import { figuresWrite, type Report } from "./figures.ts";

const AREAS: Readonly<Record<string, () => Report>> = {
  compiler: compilerReport,
};
const FILE = "build/bench.json";

const [area] = process.argv.slice(2);
const chosen = area === undefined || area === "" ? Object.keys(AREAS) : [area];
const reports = chosen.map((name) => {
  const report = AREAS[name];
  if (report !== undefined) return measured(name, report);
  console.error(`no area is called ${name}: there are ${Object.keys(AREAS).join(", ")}`);
  process.exit(2);
});
for (const { lines } of reports) console.log(lines.join("\n"));

const figures = reports.flatMap((report) => report.figures);
figuresWrite(FILE, figures);
console.log(`\n${figures.filter(({ met }) => met).length} of ${figures.length} figures meet their goal; ${FILE}`);

/** On a terminal there is a line while it takes its time. */
function measured(name: string, report: () => Report): Report {
  if (!process.stdout.isTTY) return report();
  process.stdout.write(`  measuring ${name} ...`);
  const done = report();
  process.stdout.write("\r\x1b[K");
  return done;
}
