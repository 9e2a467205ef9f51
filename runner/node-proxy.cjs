// SPDX-License-Identifier: Apache-2.0
// Shown inside the sandbox as /cupel/node-proxy.cjs and loaded through NODE_OPTIONS where a run may reach hosts. node knows
// the proxy variables from version 24 on (NODE_USE_ENV_PROXY); before, this leads fetch, http and https to the proxy that
// they name, by a CONNECT tunnel. Loopback servers of the step itself are reached directly, and only where there is none the
// proxy is asked. Nothing here guards anything: without it, what node dials has no route.
'use strict';

const proxy = process.env.https_proxy || process.env.HTTPS_PROXY;

if (proxy && !process.allowedNodeEnvironmentFlags.has('--use-env-proxy')) {
        const http = require('node:http');
        const https = require('node:https');
        const net = require('node:net');
        const tls = require('node:tls');
        const { hostname: proxyHost, port: proxyPort } = new URL(proxy);

        const isLoopback = (host) => /^(localhost|127\.[0-9.]+|\[?::1\]?)$/.test(host);
        const plainHost = (host) => host.replace(/^\[(.*)\]$/, '$1');

        const tunnel = (host, port, done) => {
                const authority = `${net.isIPv6(host) ? `[${host}]` : host}:${port}`;
                const request = http.request({
                        host: proxyHost, port: proxyPort, method: 'CONNECT', path: authority, agent: false,
                        headers: { host: authority }, createConnection: net.connect,
                });
                request.once('connect', (response, socket) => {
                        if (response.statusCode === 200)
                                return done(null, socket);
                        socket.destroy();
                        done(new Error(`proxy refused ${authority}: ${response.statusCode} ${response.statusMessage}`));
                });
                request.once('error', done);
                request.end();
        };

        // fetch: node's own undici, whose agent takes a function that makes connections.
        const connect = (options, done) => {
                const secure = options.protocol === 'https:';
                const host = plainHost(options.hostname);
                const port = options.port || (secure ? 443 : 80);
                const wrap = (error, socket) => {
                        if (error)
                                return done(error);
                        if (!secure)
                                return done(null, socket);
                        const layer = tls.connect({
                                socket, host, servername: options.servername || (net.isIP(host) ? undefined : host),
                                ALPNProtocols: ['http/1.1'],
                        });
                        layer.once('secureConnect', () => done(null, layer)).once('error', done);
                };
                if (!isLoopback(host))
                        return tunnel(host, port, wrap);
                const socket = net.connect({ host, port });
                const tryProxy = (error) => error.code === 'ECONNREFUSED' ? tunnel(host, port, wrap) : done(error);
                socket.once('error', tryProxy).once('connect', () => {
                        socket.off('error', tryProxy);
                        wrap(null, socket);
                });
        };

        const dispatcher = Symbol.for('undici.globalDispatcher.1');
        const fetch = globalThis.fetch;
        let ready = false;
        if (fetch)
                globalThis.fetch = function (...args) {
                        if (!ready) {
                                ready = true;
                                fetch('data:,').catch(() => {}); // makes node load its undici
                                const Agent = globalThis[dispatcher]?.constructor;
                                if (Agent)
                                        globalThis[dispatcher] = new Agent({ connect });
                        }
                        return fetch.apply(this, args);
                };

        // http and https: their default agents.
        const lead = (agent, secure) => {
                const direct = agent.createConnection;
                agent.createConnection = function (options, done) {
                        const host = plainHost(options.host || 'localhost');
                        if (options.socketPath || isLoopback(host))
                                return direct.call(this, options, done);
                        tunnel(host, options.port, (error, socket) => {
                                if (error || !secure)
                                        return done(error, socket);
                                const layer = tls.connect({ ...options, socket });
                                layer.once('secureConnect', () => done(null, layer)).once('error', done);
                        });
                };
        };
        lead(http.globalAgent, false);
        lead(https.globalAgent, true);
}
