import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import{a as r,ja as n,la as o}from"./cli-JCYE3LIW.js";async function t(e){return await o(e,n)}r(t,"runCli");export{t as runCli};
