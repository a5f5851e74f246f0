// Parse the queries on standard input with the language service of Kusto; end with 1 where it has anything to say, or
// where the strings of a query do not mean the ids that it is for.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.NODE_PATH}/`);
require("@kusto/language-service-next/bridge.js");
require("@kusto/language-service-next/Kusto.Language.Bridge.js");
const { Symbols, GlobalState, KustoCode, Syntax } = globalThis.Kusto.Language;

const { columns, asked } = JSON.parse(readFileSync(0, "utf8"));
const types = { string: Symbols.ScalarTypes.String, dynamic: Symbols.ScalarTypes.Dynamic };
const described = Object.entries(columns).map(([name, type]) => new Symbols.ColumnSymbol(name, types[type]));
const table = new Symbols.TableSymbol.$ctor4("resources", described);
const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor("db", [table]));

/** Return what is wrong with a query that is for *ids*, in one line each. */
function wrong(query, ids) {
  const code = KustoCode.ParseAndAnalyze(query, globals);
  const found = code.GetDiagnostics();
  const said = Array.from({ length: found.Count }, (_, index) => found.getItem(index));
  const strings = [];
  Syntax.SyntaxElement.WalkNodes(code.Syntax, (node) => {
    if (node instanceof Syntax.LiteralExpression) strings.push(node.LiteralValue);
  });
  const meant = JSON.stringify(strings) === JSON.stringify(ids);
  return [...said.map((one) => `${one.Code} ${one.Message}`), ...(meant ? [] : ["its strings are other than the ids"])];
}

// What has to be found, or finding nothing would prove nothing.
const [{ query, ids }] = asked;
if (wrong(query, ids).length > 0) {
  console.log(`of a query as it should be, the language service says: ${wrong(query, ids).join("; ")}`);
  process.exit(1);
}
const broken = {
  "a column that is misspelt": [query.replace("apiVersion", "apiVersions"), ids],
  "an operator that is misspelt": [query.replace("| order by", "| ordered by"), ids],
  "a table that is misspelt": [query.replace("resources", "resource"), ids],
  "a string that is not closed": [query.replace("')", ")"), ids],
  "a string that means another id": [query.replace("/one'", "/another'"), ids],
};
for (const [what, [text, meant]] of Object.entries(broken)) {
  if (text === query || wrong(text, meant).length === 0) {
    console.log(`the language service does not find ${what}`);
    process.exit(1);
  }
}
console.log(`found as it should be: ${Object.keys(broken).join(", ")}`);

let failed = 0;
for (const { query: text, ids: meant } of asked) {
  for (const what of wrong(text, meant)) {
    failed += 1;
    console.log(`${what}\n  in: ${text.replaceAll("\n", " ").slice(0, 400)}`);
  }
}
console.log(`${asked.length} queries for ${asked.reduce((sum, one) => sum + one.ids.length, 0)} resources, ${failed} diagnostics`);
process.exit(failed ? 1 : 0);
