// What the browser visits: a Redis, an nginx with the module, a mail server, and
// mfactl, all in a folder of their own that goes when the test ends.
//
//   const world = await World.start();
//   world.user, world.team, world.admin, world.desk, world.staff,
//   world.stranger                               addresses of servers
//   world.mfactl('account', 'add', ...)          as an administrator
//   world.account('user', 'anna', [...options])  with world.password
//   world.post('anna@example.com')               sends what waits; the mails that
//                                                came to her, newest last
//   await world.redisStop(); await world.redisStart();
//   world.redis('HDEL', ...)                     behind everybody's back
//   await world.end();                           what the error log must not say

'use strict';

const { execFileSync, spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');

const root = path.resolve(__dirname, '../..');
const build = process.env.MFA_BUILD || path.join(root, 'build');
const pause = (msec) => new Promise((done) => setTimeout(done, msec));


async function freePorts(n) {
    const servers = [];

    for (let i = 0; i < n; i++) {
        const server = net.createServer();
        await new Promise((done) => server.listen(0, '127.0.0.1', done));
        servers.push(server);
    }

    const ports = servers.map((server) => server.address().port);

    for (const server of servers) {
        await new Promise((done) => server.close(done));
    }

    return ports;
}


function answers(where) {
    return new Promise((done) => {
        const socket = net.connect(where);

        socket.on('connect', () => { socket.destroy(); done(true); });
        socket.on('error', () => done(false));
    });
}


class World {
    static async start() {
        const world = new World();

        world.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mfa-e2e-'));
        world.password = 'correct horse battery';
        world.children = new Set();

        const [user, team, admin, desk, staff, stranger] = await freePorts(6);
        world.user = `http://localhost:${user}`;
        world.team = `http://localhost:${team}`;
        world.admin = `http://localhost:${admin}`;
        world.desk = `http://localhost:${desk}`;
        world.staff = `http://localhost:${staff}`;
        world.stranger = `http://localhost:${stranger}`;

        world.write('mfa.conf', world.mfaConf());
        world.write('nginx.conf', world.nginxConf(user, team, admin, desk, staff,
                                               stranger));
        world.mfactl('keys', 'new');

        await world.redisStart();
        await world.run('nginx', process.env.TEST_NGINX_BINARY || 'nginx',
            ['-p', `${world.dir}/`, '-c', `${world.dir}/nginx.conf`,
             '-e', 'error.log', '-g', 'daemon off;'],
            { host: '127.0.0.1', port: user });

        fs.mkdirSync(`${world.dir}/mails`);
        await world.run('sink', '/usr/bin/python3',
            ['-W', 'ignore', path.join(root, 't/lib/smtp-sink'),
             `${world.dir}/mails`, `unix:${world.dir}/smtp.sock`],
            { path: `${world.dir}/smtp.sock` });

        return world;
    }

    write(name, text) {
        fs.writeFileSync(path.join(this.dir, name), text);
    }

    mfaConf() {
        return `
            mfa_redis unix:${this.dir}/redis.sock timeout=2s;
            mfa_keys keys;
            mfa_templates ${root}/lua-free-templates;

            mfa_portal user {
                issuer "Example";
                locale en de fr;
                remember_device 30d;
                mail from=no-reply@example.com base_url=${this.user}
                     new_network=on;
                limit address=1000/10m;
                cookie secure=auto;
            }

            mfa_portal team {
                issuer "Example Team";
                mail from=no-reply@example.com base_url=${this.team};
                on_require mail=password_reset;
                limit address=1000/10m;
                cookie secure=auto;
            }

            mfa_portal admin {
                issuer "Example Admin";
                brand "name=Example Admin" color=#8a2c0d;
                require all;
                grace 0;
                limit address=1000/10m;
                cookie secure=auto;
            }

            mfa_portal staff {
                issuer "Example Staff";
                brand "name=Example Staff";
                limit address=1000/10m;
                cookie secure=auto;
            }

            mfa_portal desk {
                issuer "Example Desk";
                login_form combined;
                limit address=1000/10m;
                cookie secure=auto;
            }
        `;
    }

    nginxConf(user, team, admin, desk, staff, stranger) {
        const module = process.env.TEST_NGINX_LOAD_MODULES
                       ?? path.join(build, 'ngx_http_mfa_module.so');
        const page = '<!doctype html><html lang=\\"en\\"><title>Portal</title>'
                     + '<h1>Portal</h1><p>user=$http_remote_user '
                     + 'level=$http_remote_level</p></html>';

        return `
            ${module ? `load_module ${module};` : ''}
            ${process.getuid() === 0 ? 'user root;' : ''}
            worker_processes 2;
            pid nginx.pid;
            error_log error.log info;
            events { worker_connections 256; }

            http {
                include mfa.conf;
                access_log off;
                client_body_temp_path body;
                proxy_temp_path proxy;
                fastcgi_temp_path fastcgi;
                uwsgi_temp_path uwsgi;
                scgi_temp_path scgi;

                server {
                    listen unix:${this.dir}/site.sock;
                    default_type text/html;
                    location / { return 200 "${page}"; }
                }

                server {
                    listen 127.0.0.1:${user};
                    set_real_ip_from 127.0.0.1;
                    real_ip_header X-From;
                    mfa user;
                    location / { proxy_pass http://unix:${this.dir}/site.sock; }
                    location /mfa/ { mfa_pages; }
                    location /payroll/ {
                        mfa user fresh=1s;
                        proxy_pass http://unix:${this.dir}/site.sock;
                    }
                }

                server {
                    listen 127.0.0.1:${team};
                    mfa team;
                    location / { proxy_pass http://unix:${this.dir}/site.sock; }
                    location /mfa/ { mfa_pages; }
                }

                server {
                    listen 127.0.0.1:${admin};
                    mfa admin;
                    location / { proxy_pass http://unix:${this.dir}/site.sock; }
                    location /mfa/ { mfa_pages; }
                }

                server {
                    listen 127.0.0.1:${desk};
                    mfa desk;
                    location / { proxy_pass http://unix:${this.dir}/site.sock; }
                    location /mfa/ { mfa_pages; }
                }

                server {
                    listen 127.0.0.1:${staff};
                    mfa staff;
                    location / { proxy_pass http://unix:${this.dir}/site.sock; }
                    location /mfa/ { mfa_pages; }
                    location /mfa/console/ { mfa_console user team staff; }
                }

                server {
                    listen 127.0.0.1:${stranger};
                    default_type text/html;
                    location / {
                        return 200 "<form method=post
                            action=http://localhost:${user}/mfa/login>
                            <input name=login value=nora><button>Win</button>";
                    }
                }
            }
        `;
    }

    // A child that does not outlive this process, however that ends.
    async run(name, program, args, where) {
        const log = fs.openSync(path.join(this.dir, `${name}.out`), 'a');
        const child = spawn('setpriv', ['--pdeathsig', 'TERM', program, ...args],
            { cwd: this.dir, stdio: ['pipe', log, log] });

        this[name] = child;
        this.children.add(child);
        child.gone = new Promise((done) => {
            child.on('exit', () => { this.children.delete(child); done(); });
        });

        for (let i = 0; i < 200 && this.children.has(child); i++) {
            if (await answers(where)) {
                return;
            }

            await pause(50);
        }

        throw new Error(`${name} did not start: `
            + fs.readFileSync(path.join(this.dir, `${name}.out`), 'utf8'));
    }

    async redisStart() {
        await this.run('store', 'redis-server',
            ['--port', '0', '--unixsocket', `${this.dir}/redis.sock`,
             '--dir', this.dir, '--appendonly', 'yes', '--save', ''],
            { path: `${this.dir}/redis.sock` });
    }

    async redisStop() {
        this.store.kill('SIGTERM');
        await this.store.gone;
    }

    redis(...args) {
        return execFileSync('redis-cli', ['-s', `${this.dir}/redis.sock`,
                                          ...args], { encoding: 'utf8' });
    }

    mfactl(...args) {
        return execFileSync(path.join(build, 'mfactl'),
            ['-c', `${this.dir}/mfa.conf`, ...args], { encoding: 'utf8' });
    }

    account(portal, login, options = []) {
        execFileSync(path.join(build, 'mfactl'),
            ['-c', `${this.dir}/mfa.conf`, 'account', 'add', portal, login,
             '--password-stdin', ...options],
            { input: `${this.password}\n` });
    }

    // By a real mail server, as somebody gets them; see t/lib/smtp-sink.
    post(address) {
        const folder = path.join(this.dir, 'mails');

        this.mfactl('mailer', '--once', '--smtp',
                    `smtp+unix:${this.dir}/smtp.sock`);

        return fs.readdirSync(folder).filter((name) => name.endsWith('.json'))
            .sort()
            .map((name) => JSON.parse(fs.readFileSync(path.join(folder, name))))
            .filter((mail) => mail.envelope.to[0] === address);
    }

    async end() {
        for (const child of [...this.children]) {
            child.kill('SIGTERM');
            await child.gone;
        }

        const log = fs.readFileSync(path.join(this.dir, 'error.log'), 'utf8');
        fs.rmSync(this.dir, { recursive: true });

        return log.split('\n').filter(
            (line) => /\[(?:alert|crit|emerg)\]|Sanitizer/.test(line));
    }
}


module.exports = { World, build, pause, root };
