#!/usr/bin/env node
import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
var i=process.argv.slice(2),{runCli:s}=i[0]==="check"?await import("./cli-PLRSX4RB.js"):await import("./cli-2YDMJRP5.js");process.exitCode=await s(i);
