import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import{a as r,da as n,fa as o}from"./cli-3JYAJQMK.js";async function t(e){return await o(e,n)}r(t,"runCli");export{t as runCli};
