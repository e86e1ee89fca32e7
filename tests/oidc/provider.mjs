// A provider of OpenID Connect for tests/it/oidc.rs: the package `oidc-provider`, with people who sign in and agree by
// themselves. Called with the folder of the package, our address and the account; prints its own address.
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';

const [folder, ours, account] = process.argv.slice(2);
const { default: Provider } = await import(pathToFileURL(`${folder}/lib/index.js`));

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'portalverbund',
        client_secret: 'a secret of tests, with % and : in it',
        redirect_uris: [`${ours}/anbindung/anmelden/zurueck`],
        post_logout_redirect_uris: [`${ours}/anbindung/abgemeldet`],
      },
    ],
    pkce: { required: () => true },
    cookies: { keys: ['tests'] },
    // As the standard says, these come from the userinfo endpoint and not with the ID token.
    claims: { openid: ['sub'], profile: ['preferred_username', 'groups'], email: ['email'] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, preferred_username: id, groups: ['pv-betrieb', 'andere'] }),
    }),
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, interaction) => `/login/${interaction.uid}` },
  });
  const answer = provider.callback();
  server.on('request', async (request, response) => {
    if (!request.url.startsWith('/login/')) {
      answer(request, response);
      return;
    }
    const { prompt, params, session } = await provider.interactionDetails(request, response);
    let result = { login: { accountId: account } };
    if (prompt.name === 'consent') {
      const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
      grant.addOIDCScope(params.scope);
      result = { consent: { grantId: await grant.save() } };
    }
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
  });
  console.log(issuer);
});
