import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import{a as r,ia as n,ka as o}from"./cli-SXNLIU3H.js";async function t(e){return await o(e,n)}r(t,"runCli");export{t as runCli};
