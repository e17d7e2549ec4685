#!/usr/bin/env node
import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
var i=process.argv.slice(2),{runCli:s}=i[0]==="check"?await import("./cli-6H4T6LLY.js"):await import("./cli-E4TUDL42.js");process.exitCode=await s(i);
