#!/usr/bin/env node
// The `contrapposto` program.
import { runCli } from './run-cli.js';

process.exitCode = await runCli(process.argv.slice(2));
