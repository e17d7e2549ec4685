#!/usr/bin/env node
import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
var i=process.argv.slice(2),{runCli:s}=i[0]==="check"?await import("./cli-RHITRCJC.js"):await import("./cli-IPV2OA7L.js");process.exitCode=await s(i);
