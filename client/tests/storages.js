// What the host may keep its items in: a file, and a MariaDB, a Redis and a PostgreSQL that a test starts for itself.
import { execFileSync, spawn } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { lastBuilt } from "./built.js";

// Debian keeps PostgreSQL's programs apart, by version.
const debian = "/usr/lib/postgresql";
const apart = existsSync(debian) ? readdirSync(debian).sort().reverse().map(version => join(debian, version, "bin")) : [];
const folders = [...apart, ...process.env.PATH.split(":"), "/usr/sbin"];

const find = program => folders.map(folder => join(folder, program)).find(existsSync);

const missing = (program, debianPackage) => find(program) ? false : `there is no ${program}: install the package ${debianPackage}`;

const freePort = () => new Promise(resolve => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

/** Starts a server in a folder of its own; it is there when it has written the text. */
async function serve(folder, program, args, ready, { user = {}, signal = "SIGKILL" } = {}) {
  const server = spawn(find(program), args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"], ...user });
  let output = "";
  await new Promise((resolve, reject) => {
    for (const stream of [server.stdout, server.stderr]) {
      stream.on("data", data => {
        output += data;
        if (output.includes(ready)) resolve();
      });
    }
    server.on("exit", code => reject(new Error(`${program} ended with ${code}: ${output}`)));
  });
  return async () => {
    const ended = new Promise(resolve => server.on("exit", resolve));
    server.kill(signal);
    await ended;
    rmSync(folder, { recursive: true });
  };
}

// PostgreSQL refuses to be run by root.
const user = name => process.getuid() === 0 ? Object.fromEntries(["uid", "gid"].map(id => [id, Number(execFileSync("id", [`-${id[0]}`, name]))])) : {};

// A third party's plugin: the host reads it from the folder that its build made.
const sample = lastBuilt("samples/Items.Postgres", "Items.Postgres");

const items = config => ({ name: "items", module: "items_service", config });
const inMemory = { name: "mitems", module: "items_service", config: { db_type: "sqlite", db_name: ":memory:", db_table: "items" } };

/** Each starts to what the host's file then says of its services, and how to end what was started. */
export const storages = [
  {
    name: "SQLite",
    missing: false,
    start: async () => ({ services: [items({ db_type: "sqlite", db_name: "items.db", db_table: "items" }), inMemory], end: async () => {} }),
  },
  {
    // The file and the table of an existing installation.
    name: "MariaDB",
    missing: missing("mariadbd", "mariadb-server"),
    async start() {
      const [folder, port] = [mkdtempSync(join(tmpdir(), "sharedstate-mariadb-")), await freePort()];
      const [data, init] = [`--datadir=${join(folder, "data")}`, join(folder, "init.sql")];
      const user = `--user=${userInfo().username}`;
      writeFileSync(init, [
        "CREATE DATABASE sharedstate",
        "CREATE USER 'myuser'@'%' IDENTIFIED BY 'secret'",
        "GRANT ALL ON sharedstate.* TO 'myuser'@'%'",
        "CREATE TABLE sharedstate.items (app VARCHAR(128), chnl VARCHAR(128), id VARCHAR(64), ctime TIMESTAMP DEFAULT CURRENT_TIMESTAMP, data TEXT, PRIMARY KEY (app, chnl, id)) CHARACTER SET utf8",
      ].map(statement => `${statement};\n`).join(""));
      execFileSync(find("mariadb-install-db"), ["--no-defaults", data, "--auth-root-authentication-method=normal", "--skip-test-db", user], { stdio: "pipe" });
      const end = await serve(folder, "mariadbd", [
        "--no-defaults", data, user, `--tmpdir=${folder}`, `--port=${port}`, "--bind-address=127.0.0.1", "--skip-name-resolve",
        `--socket=${join(folder, "s")}`, `--pid-file=${join(folder, "pid")}`, `--init-file=${init}`, "--innodb-buffer-pool-size=64M",
      ], "ready for connections");
      const config = {
        db_type: "mysql", db_name: "sharedstate", db_table: "items", db_host: "localhost", db_port: port, db_user: "myuser", db_password: "secret",
        "ssl.enabled": false, "ssl.key": null, "ssl.ca": null, "ssl.cert": null,
      };
      return { services: [items(config), inMemory], end };
    },
  },
  {
    name: "Redis",
    missing: missing("redis-server", "redis-server"),
    async start() {
      const [folder, port] = [mkdtempSync(join(tmpdir(), "sharedstate-redis-")), await freePort()];
      const end = await serve(
        folder, "redis-server", ["--port", port, "--bind", "127.0.0.1", "--dir", folder, "--appendonly", "yes", "--appendfsync", "always"], "Ready to accept connections");
      return { services: [items({ db_type: "redis", db_host: "127.0.0.1", db_port: port, db_table: "items" }), inMemory], end };
    },
  },
  {
    name: "PostgreSQL",
    missing: missing("postgres", "postgresql") || (sample ? false : "the sample is not built: dotnet build samples/Items.Postgres"),
    async start() {
      const [folder, port, owner] = [mkdtempSync(join(tmpdir(), "sharedstate-postgres-")), await freePort(), user("postgres")];
      if (owner.uid) chownSync(folder, owner.uid, owner.gid);
      const data = join(folder, "data");
      const options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale", "C", "-N"];
      execFileSync(find("initdb"), ["-D", data, ...options], { cwd: folder, stdio: "pipe", ...owner });
      // Asked to quit, it ends the processes that it consists of before itself.
      const end = await serve(
        folder, "postgres", ["-D", data, "-p", port, "-c", "listen_addresses=127.0.0.1", "-c", `unix_socket_directories=${folder}`],
        "ready to accept connections", { user: owner, signal: "SIGQUIT" });
      return { plugins: [dirname(sample)], services: [items({ db_type: "postgres", db_host: "127.0.0.1", db_port: port, db_name: "postgres" }), inMemory], end };
    },
  },
];
