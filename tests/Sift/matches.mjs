// Evaluates conditions with sift. Each line of the input is {"condition":C,"items":[..]}; the line of the output is a list of booleans, or a
// text if sift refuses the condition.
import { createInterface } from "node:readline";
import sift from "sift";

for await (const line of createInterface({ input: process.stdin })) {
  const { condition, items } = JSON.parse(line);
  let answer;
  try {
    answer = items.map(sift.default(condition));
  } catch (error) {
    answer = String(error);
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
