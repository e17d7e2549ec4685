import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import{a as r,fa as n,ha as o}from"./cli-F3A5B7RD.js";async function t(e){return await o(e,n)}r(t,"runCli");export{t as runCli};
