#!/usr/bin/env node
import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
var i=process.argv.slice(2),{runCli:s}=i[0]==="check"?await import("./cli-G55L2PFQ.js"):await import("./cli-RMCH46MB.js");process.exitCode=await s(i);
