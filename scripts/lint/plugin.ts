/** The project's own rules for eslint, by name. */
import { brands } from "./brands.ts";
import { compiler } from "./compiler.ts";
import { staircase } from "./staircase.ts";

export default { meta: { name: "palimpsest" }, rules: { brands, compiler, staircase } };
