// A Node function that behaves well or badly as its event says: {"do": "sleep", "ms": 100}.
import { writeFileSync } from "node:fs";

let calls = 0;

const actions = {
  echo: (event) => event,
  about: (event, context) => ({
    calls,
    pid: process.pid,
    cwd: process.cwd(),
    node: process.versions.node,
    environment: process.env,
    awsRequestId: context.awsRequestId,
    functionName: context.functionName,
    functionVersion: context.functionVersion,
    invokedFunctionArn: context.invokedFunctionArn,
    memoryLimitInMB: context.memoryLimitInMB,
    logGroupName: context.logGroupName,
    logStreamName: context.logStreamName,
    remaining: context.getRemainingTimeInMillis(),
    client: context.clientContext ?? null,
  }),
  sleep: async ({ ms }) => {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return { slept: ms };
  },
  fail: ({ message }) => {
    throw new TypeError(message ?? "told to fail");
  },
  reject: () => {
    Promise.reject(new Error("nobody waits for this"));
    return new Promise(() => {});
  },
  exit: ({ code }) => process.exit(code ?? 1),
  never: () => new Promise(() => {}),
  say: ({ text }) => {
    console.log(text);
    console.error("error line");
    return { said: true };
  },
  tmp: () => {
    writeFileSync("/tmp/mark", "here");
    return { wrote: true };
  },
  fetch: async ({ url }) => {
    const answer = await fetch(url);
    return { status: answer.status, body: await answer.text() };
  },
};

export const handler = async (event, context) => {
  calls += 1;
  return actions[event.do ?? "echo"](event, context);
};
