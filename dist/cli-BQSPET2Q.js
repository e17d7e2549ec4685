import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import{_ as n,a as r,aa as o}from"./cli-EJZROW7B.js";async function t(e){return await o(e,n)}r(t,"runCli");export{t as runCli};
