#!/usr/bin/env node
import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
var i=process.argv.slice(2),{runCli:s}=i[0]==="check"?await import("./cli-S7673IWA.js"):await import("./cli-PA7AKQU2.js");process.exitCode=await s(i);
