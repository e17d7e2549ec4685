import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
import{a as r,la as n,na as o}from"./cli-7GVXQDGU.js";async function t(e){return await o(e,n)}r(t,"runCli");export{t as runCli};
