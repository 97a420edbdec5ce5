// Runs a Node handler against the Lambda Runtime API, as the managed runtimes do. Start reading at main().
// The connection is spoken by hand: the standard HTTP client costs more than the round trip.

import { existsSync } from "node:fs";
import { createConnection } from "node:net";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { format, types } from "node:util";

const API = "/2018-06-01/runtime/";
// Before a line break within a log event.
const CONTINUED = Buffer.from([0xff, 0x1e, 0x0a]);
const TASK_ROOT = process.env.LAMBDA_TASK_ROOT;
const [HOST, PORT] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");

// The invocation that is being served, if any.
let current;

async function main() {
  logLikeLambda();
  process.on("uncaughtException", (error) => die(error, 129));
  process.on("unhandledRejection", (reason, promise) => die(unhandled(reason, promise), 128));
  process.on("beforeExit", () => current?.onEmptyLoop());
  const api = new Api();
  let handler;
  try {
    handler = await load(process.env._HANDLER);
  } catch (error) {
    return die(error, 1);
  }
  let event = await api.call(request("GET", "invocation/next"));
  while (true) {
    event = await serve(api, handler, event);
  }
}

// Runs the handler on one event; answers it and asks for the next one in the same breath.
async function serve(api, handler, { headers, body }) {
  const invocation = new Invocation(headers);
  current = invocation;
  process.env._X_AMZN_TRACE_ID = headers["lambda-runtime-trace-id"] ?? "";
  invocation.run(handler, body);
  const [end, document, type] = await invocation.done;
  current = undefined;
  const answer = request("POST", `invocation/${invocation.id}/${end}`, document, type);
  return await api.call(answer, request("GET", "invocation/next"));
}

// One kept connection to the Runtime API. While nothing is awaited from it, it does not keep the event loop from being empty.
class Api {
  constructor() {
    this.socket = createConnection({ host: HOST, port: PORT, noDelay: true });
    this.socket.on("data", (block) => this.receive(block));
    this.socket.on("error", () => process.exit(1));
    this.socket.on("end", () => process.exit(1));
    this.socket.unref();
    this.received = Buffer.alloc(0);
  }

  // Sends requests together and gives the answer of the last.
  call(...requests) {
    this.socket.ref();
    this.awaited = requests.length;
    this.socket.write(Buffer.concat(requests));
    return new Promise((resolve) => (this.resolve = resolve));
  }

  receive(block) {
    this.received = this.received.length === 0 ? block : Buffer.concat([this.received, block]);
    while (this.awaited > 0) {
      const answer = this.parse();
      if (answer === undefined) return;
      this.awaited -= 1;
      if (this.awaited === 0) {
        this.socket.unref();
        this.resolve(answer);
      }
    }
  }

  // The first answer of those received, once it is whole.
  parse() {
    const end = this.received.indexOf("\r\n\r\n");
    if (end < 0) return undefined;
    const headers = {};
    for (const line of this.received.toString("utf8", 0, end).split("\r\n").slice(1)) {
      const colon = line.indexOf(":");
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    const start = end + 4;
    const whole = start + Number(headers["content-length"] ?? 0);
    if (this.received.length < whole) return undefined;
    const body = this.received.toString("utf8", start, whole);
    this.received = this.received.subarray(whole);
    return { headers, body };
  }
}

function request(method, target, document = "", errorType) {
  const body = Buffer.from(document);
  const type = errorType === undefined ? "" : `Lambda-Runtime-Function-Error-Type: ${encodeURIComponent(errorType)}\r\n`;
  const head = `${method} ${API}${target} HTTP/1.1\r\nHost: ${HOST}:${PORT}\r\n${type}Content-Type: application/json\r\n`;
  return Buffer.concat([Buffer.from(`${head}Content-Length: ${body.length}\r\n\r\n`), body]);
}

// One event, until it is answered by a returned promise, a callback or an empty event loop.
class Invocation {
  constructor(headers) {
    this.headers = headers;
    this.id = headers["lambda-runtime-aws-request-id"];
    this.waitsForEmptyLoop = true;
    this.done = new Promise((resolve) => (this.finish = resolve));
  }

  run(handler, body) {
    try {
      const result = handler(JSON.parse(body), this.context(), (error, value) => this.callBack(error, value));
      if (typeof result?.then === "function") {
        result.then((value) => this.succeed(value), (error) => this.fail(error));
      }
    } catch (error) {
      this.fail(error);
    }
  }

  callBack(error, value) {
    if (this.calledBack) return;
    const answer = () => (error === undefined || error === null ? this.succeed(value) : this.fail(error));
    this.calledBack = answer;
    if (!this.waitsForEmptyLoop) answer();
  }

  onEmptyLoop() {
    // A handler that left nothing behind to wait for, and no answer, has answered with nothing.
    (this.calledBack ?? (() => this.succeed(null)))();
  }

  succeed(value) {
    let document;
    try {
      document = JSON.stringify(value === undefined ? null : value) ?? "null";
    } catch (error) {
      return this.fail(new Error("Unable to stringify response body", { cause: error }));
    }
    this.finish(["response", document]);
  }

  fail(error) {
    console.error("Invoke Error", new Logged(error));
    this.finish(["error", JSON.stringify(documentOf(error)), documentOf(error).errorType]);
  }

  context() {
    const { headers } = this;
    const deadline = Number(headers["lambda-runtime-deadline-ms"]);
    const parsed = (name) => (headers[name] ? JSON.parse(headers[name]) : undefined);
    const invocation = this;
    return {
      get callbackWaitsForEmptyEventLoop() {
        return invocation.waitsForEmptyLoop;
      },
      set callbackWaitsForEmptyEventLoop(value) {
        invocation.waitsForEmptyLoop = value;
      },
      functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
      functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
      memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
      logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
      logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
      clientContext: parsed("lambda-runtime-client-context"),
      identity: parsed("lambda-runtime-cognito-identity"),
      invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
      awsRequestId: this.id,
      getRemainingTimeInMillis: () => Math.max(deadline - Date.now(), 0),
      succeed: (value) => this.succeed(value),
      fail: (error) => this.fail(error ?? "handled"),
      done: (error, value) => (error === undefined || error === null ? this.succeed(value) : this.fail(error)),
    };
  }
}

// The function that `folder/module.nested.function` names.
async function load(name) {
  const folder = path.dirname(name);
  const [module, ...keys] = path.basename(name).split(".");
  if (name.includes("..") || module === "" || keys.length === 0) {
    throw new Fault("Runtime.MalformedHandlerName", "Bad handler");
  }
  const exported = await importModule(path.join(TASK_ROOT, folder, module), path.join(folder, module));
  const find = (from) => keys.reduce((value, key) => value?.[key], from);
  const handler = find(exported) ?? find(exported.default);
  if (handler === undefined) {
    throw new Fault("Runtime.HandlerNotFound", `${name} is undefined or not exported`);
  }
  if (typeof handler !== "function") {
    throw new Fault("Runtime.HandlerNotFound", `${name} is not a function`);
  }
  return handler;
}

async function importModule(base, name) {
  const file = [".js", ".mjs", ".cjs", "/index.js"].map((end) => base + end).find(existsSync);
  try {
    if (file === undefined) {
      throw Object.assign(new Error(`Cannot find module '${name}'`), { code: "MODULE_NOT_FOUND" });
    }
    return await import(pathToFileURL(file));
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw new Fault("Runtime.UserCodeSyntaxError", String(error), error.stack);
    }
    if (["MODULE_NOT_FOUND", "ERR_MODULE_NOT_FOUND"].includes(error?.code)) {
      throw new Fault("Runtime.ImportModuleError", `Error: ${error.message}`, error.stack);
    }
    throw error;
  }
}

// A failure that has a name of Lambda's own.
class Fault extends Error {
  constructor(type, message, stack) {
    super(message);
    this.name = type;
    this.stack = stack === undefined ? this.stack : `${type}: ${stack}`;
  }
}

function unhandled(reason, promise) {
  const fault = new Fault("Runtime.UnhandledPromiseRejection", String(reason), reason?.stack);
  return Object.assign(fault, { reason, promise });
}

function documentOf(error) {
  if (types.isNativeError(error) || error instanceof Error) {
    return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? "").split("\n") };
  }
  return { errorType: typeof error, errorMessage: String(error), trace: [] };
}

// An error as it stands in the log: one line of JSON.
class Logged {
  constructor(error) {
    this.error = error;
  }

  toString() {
    const { errorType, errorMessage, trace } = documentOf(this.error);
    const own = types.isNativeError(this.error) ? { ...this.error } : {};
    delete own.name;
    delete own.promise;
    try {
      return JSON.stringify({ errorType, errorMessage, ...own, stack: trace });
    } catch {
      return JSON.stringify({ errorType, errorMessage, stack: trace });
    }
  }
}

// Reports an error that nothing can go on after, and ends the process.
async function die(error, code) {
  const { errorType } = documentOf(error);
  console.error(current ? "Invoke Error" : "Uncaught Exception", new Logged(error));
  const target = current ? `invocation/${current.id}/error` : "init/error";
  // On a connection of its own: the kept one may be waiting for an answer.
  await new Api().call(request("POST", target, JSON.stringify(documentOf(error)), errorType));
  process.exit(code);
}

// One event per call: time, request id, level, message.
function logLikeLambda() {
  const levels = { debug: "DEBUG", error: "ERROR", info: "INFO", log: "INFO", trace: "TRACE", warn: "WARN" };
  for (const [name, level] of Object.entries(levels)) {
    console[name] = (...parts) => {
      const texts = parts.map((part) => (part instanceof Logged ? `\t${part}` : part));
      const line = `${new Date().toISOString()}\t${current?.id}\t${level}\t${format(...texts)}`;
      const pieces = line.split("\n").flatMap((text, at) => (at ? [CONTINUED, Buffer.from(text)] : [Buffer.from(text)]));
      process.stdout.write(Buffer.concat([...pieces, Buffer.from("\n")]));
    };
  }
}

main();
