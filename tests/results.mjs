// Reads what the runs of test.sh left in a folder: NAME.trx of a C# project, NAME.log of the client, and NAME.exit with the exit code of each.
// The folder `again` in it has the same of the C# tests that were run once more.
//   node results.mjs again FOLDER NAME..    the C# tests that failed, one line for each project: NAME FILTER. No line where too many failed
//   node results.mjs report FOLDER NAME..   the failures, and the counts in the last line; exits with 1 if a test failed or a run did not finish
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** More failures than this have a common cause, which a second run only repeats. */
const MOST_AGAIN = 5;
const MESSAGE_LENGTH = 2000;

const entities = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
const unescape = xml => xml.replace(/&(?:#x([0-9A-F]+)|(\w+));/gi, (_, code, name) => code ? String.fromCodePoint(parseInt(code, 16)) : entities[name]);

const attribute = (element, name) => unescape(new RegExp(`\\b${name}="([^"]*)"`).exec(element)?.[1] ?? "");

const read = file => existsSync(file) ? readFileSync(file, "utf8") : "";

/** The tests of a C# project: each with its name, the method for a filter, the outcome and the message. */
function readTrx(xml) {
  const methods = new Map([...xml.matchAll(/<UnitTest [^>]*\bid="([^"]*)".*?(<TestMethod [^>]*>)/gs)]
    .map(([, id, method]) => [id, `${attribute(method, "className")}.${attribute(method, "name").replace(/\(.*/s, "")}`]));
  return [...xml.matchAll(/<UnitTestResult ([^>]*?)(?:\/>|>(.*?)<\/UnitTestResult>)/gs)].map(([, element, content]) => ({
    name: attribute(element, "testName"),
    method: methods.get(attribute(element, "testId")),
    outcome: attribute(element, "outcome"),
    message: unescape(/<Message>(.*?)<\/Message>/s.exec(content ?? "")?.[1] ?? "").trim(),
  }));
}

/** The tests of the client. Node's report names those that failed, and counts all. */
function readClient(log) {
  const count = word => Number(new RegExp(`^ℹ ${word} (\\d+)$`, "m").exec(log)?.[1] ?? 0);
  const failed = new Set([...log.matchAll(/^ *✖ (.*?)(?: \([\d.]+ms\))?$/gm)].map(([, name]) => name).filter(name => name !== "failing tests:"));
  return { passed: count("pass"), skipped: count("skipped") + count("todo"), failures: [...failed].map(name => ({ name, message: "" })), failed: count("fail") + count("cancelled") };
}

/** What one run came to. A run that was cut short, or that failed without a failed test, is a failure of its own. */
function readRun(folder, name) {
  const code = read(join(folder, `${name}.exit`)).trim();
  const trx = read(join(folder, `${name}.trx`));
  const tests = readTrx(trx);
  const failures = tests.filter(test => test.outcome === "Failed");
  const run = name === "client" ? readClient(read(join(folder, "client.log"))) : {
    passed: tests.filter(test => test.outcome === "Passed").length,
    skipped: tests.filter(test => test.outcome === "NotExecuted").length,
    failed: failures.length,
    failures,
  };
  const cut = code === "" || /<ResultSummary outcome="(Aborted|Error)"|<Text>[^<]*test run was aborted/.test(trx);
  if (cut || (code !== "0" && run.failed === 0) || run.passed + run.failed + run.skipped === 0) {
    run.failed++;
    run.failures.push({ name: `${name} did not run all of its tests`, message: `exit code: ${code || "none"}; the output above says why` });
  }
  return { ...run, name };
}

const [command, folder, ...names] = process.argv.slice(2);
const runs = names.map(name => readRun(folder, name));

if (command === "again") {
  const failures = runs.map(run => [run.name, new Set(run.failures.flatMap(test => test.method ?? []))]).filter(([, methods]) => methods.size > 0);
  if (runs.reduce((sum, run) => sum + run.failed, 0) <= MOST_AGAIN) {
    for (const [name, methods] of failures) console.log(name, [...methods].map(method => `FullyQualifiedName=${method}`).join("|"));
  }
} else {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const run of runs) {
    const again = readTrx(read(join(folder, "again", `${run.name}.trx`)));
    const passedAgain = test => again.some(other => other.name === test.name) && again.every(other => other.name !== test.name || other.outcome === "Passed");
    const mended = run.failures.filter(passedAgain).length;
    for (const test of run.failures) {
      const message = test.message.slice(0, MESSAGE_LENGTH).replaceAll("\n", "\n  ");
      console.log(`${passedAgain(test) ? "failed, and passed when it was run once more" : "failed"}: ${test.name}${message && `\n  ${message}`}`);
    }
    sum.passed += run.passed + mended;
    sum.failed += run.failed - mended;
    sum.skipped += run.skipped;
  }
  console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
  process.exitCode = sum.failed === 0 ? 0 : 1;
}
