#!/usr/bin/env node
import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import{a as o}from"./cli-MJ3JVYHR.js";function i(...e){for(let d of e)d.on("error",r=>{if(r.code!=="EPIPE")throw r})}o(i,"ignoreBrokenPipes");function s(e){if(!(Number.parseInt(e,10)>=24))return[`RP2005  This is Node ${e}, and Rollproof uses what came with Node 24.`,"        Use Node 24 or newer; in a clone `npm ci` has put one into node_modules/.bin, which npm's scripts and npx in that folder use."].join(`
`)}o(s,"nodeTooOld");var t=process.argv.slice(2);async function c(){let{runCli:e}=t[0]==="check"?await import("./cli-L552Y455.js"):await import("./cli-M7SWEGTF.js");return await e(t)}o(c,"run");i(process.stdout,process.stderr);var n=s(process.versions.node);n!==void 0&&process.stderr.write(`${n}
`);process.exitCode=n===void 0?await c():5;
