import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import{a as r,aa as n,ca as o}from"./cli-O2DENBYC.js";async function t(e){return await o(e,n)}r(t,"runCli");export{t as runCli};
