#!/usr/bin/env node
import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
var i=process.argv.slice(2),{runCli:s}=i[0]==="check"?await import("./cli-45T4ST3D.js"):await import("./cli-537H2UJR.js");process.exitCode=await s(i);
