import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import{ea as n,ga as o}from"./cli-5NRQJCHX.js";import{a as r}from"./cli-MJ3JVYHR.js";async function t(e){return await o(e,n)}r(t,"runCli");export{t as runCli};
