import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import{a as r,ka as n,ma as o}from"./cli-QBJ3LMXX.js";async function t(e){return await o(e,n)}r(t,"runCli");export{t as runCli};
