// Binds queries with Microsoft's own language service. stdin: {"tables": {"T": "(a:long, ...)"}, "queries": [...]};
// stdout: a list of {"errors": [...], "columns": ["name:type", ...]}, one for each query.
const root = process.argv[2];
require(`${root}/bridge.min.js`);
require(`${root}/Kusto.Language.Bridge.min.js`);
const { Symbols, GlobalState, KustoCode } = Kusto.Language;

const asked = JSON.parse(require("fs").readFileSync(0, "utf8"));
const tables = Object.entries(asked.tables).map(([name, schema]) => Symbols.TableSymbol.From(schema).WithName(name));
const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor("logs", tables));
const items = (list) => Array.from({ length: list.Count }, (_, place) => list.getItem(place));
const answers = asked.queries.map((query) => {
  const code = KustoCode.ParseAndAnalyze(query, globals);
  const columns = code.ResultType && code.ResultType.Columns ? items(code.ResultType.Columns) : [];
  return {
    errors: items(code.GetDiagnostics()).map((each) => `${each.Message} (at ${each.Start})`),
    columns: columns.map((column) => `${column.Name}:${column.Type.Name}`),
  };
});
console.log(JSON.stringify(answers));
