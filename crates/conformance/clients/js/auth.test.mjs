// Every method of the unmodified auth client that needs no provider elsewhere, against a running server.
// Environment: SUPABASE_URL, SUPABASE_ANON_KEY, SUPABASE_SERVICE_KEY. Addresses confirm themselves, no mail is sent.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { createClient } from '@supabase/supabase-js'

const url = process.env.SUPABASE_URL
const anonKey = process.env.SUPABASE_ANON_KEY
const serviceKey = process.env.SUPABASE_SERVICE_KEY
const run = Date.now().toString(36)

const connect = (key = anonKey, auth = {}) =>
  createClient(url, key, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false, ...auth },
    realtime: { transport: class {} },
  }).auth

const ok = ({ data, error }) => {
  assert.equal(error, null, JSON.stringify(error))
  return data
}

const fails = ({ error }, status, code) => {
  assert.ok(error, 'an error')
  assert.deepEqual([error.status, error.code], [status, code], error.message)
}

const admin = connect(serviceKey).admin
const address = (name) => `${name}-${run}@example.com`
const password = 'correct-horse-battery'

const person = async (name) => {
  const auth = connect()
  const { user, session } = ok(await auth.signUp({ email: address(name), password, options: { data: { name } } }))
  assert.equal(user.user_metadata.name, name)
  assert.ok(session.access_token)
  return { auth, user, session }
}

const link = async (parameters) => ok(await admin.generateLink(parameters)).properties

// The code that an authenticator app shows: SHA-1, 30 seconds, 6 digits.
const totp = (secret, at = Date.now()) => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bits = [...secret].map((c) => alphabet.indexOf(c).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)))
  const step = Buffer.alloc(8)
  step.writeBigUInt64BE(BigInt(Math.floor(at / 30000)))
  const digest = createHmac('sha1', key).update(step).digest()
  const number = digest.readUInt32BE(digest[19] & 15) & 0x7fffffff
  return String(number % 1000000).padStart(6, '0')
}

// Sign-up and sign-in.
test('signUp, signInWithPassword, getSession, getUser, getClaims, signOut', async () => {
  const { auth, user } = await person('ada')
  fails(await connect().signUp({ email: address('ada'), password }), 422, 'user_already_exists')
  fails(await auth.signInWithPassword({ email: address('ada'), password: 'wrong-one' }), 400, 'invalid_credentials')
  const { session } = ok(await auth.signInWithPassword({ email: address('ada'), password }))
  assert.equal(ok(await auth.getSession()).session.access_token, session.access_token)
  assert.equal(ok(await auth.getUser()).user.id, user.id)
  assert.equal(ok(await auth.getUser(session.access_token)).user.email, address('ada'))
  const { claims } = ok(await auth.getClaims())
  assert.deepEqual([claims.sub, claims.role, claims.aal], [user.id, 'authenticated', 'aal1'])
  const other = connect()
  ok(await other.signInWithPassword({ email: address('ada'), password }))
  assert.equal((await other.signOut({ scope: 'others' })).error, null)
  // The client knows a session that is gone, and says so in its own words.
  assert.equal((await connect().getUser(session.access_token)).error.name, 'AuthSessionMissingError')
  assert.equal((await other.signOut()).error, null)
  assert.equal(ok(await other.getSession()).session, null)
})

test('refreshSession and setSession keep the session', async () => {
  const { auth, session } = await person('bob')
  const fresh = ok(await auth.refreshSession()).session
  assert.notEqual(fresh.refresh_token, session.refresh_token)
  const elsewhere = connect()
  const { access_token, refresh_token } = fresh
  assert.equal(ok(await elsewhere.setSession({ access_token, refresh_token })).user.email, address('bob'))
  fails(await connect().refreshSession({ refresh_token: 'nosuchtoken1' }), 400, 'refresh_token_not_found')
})

test('updateUser changes data, password and address', async () => {
  const { auth } = await person('cleo')
  const { user } = ok(await auth.updateUser({ data: { nickname: 'C' } }))
  assert.deepEqual([user.user_metadata.nickname, user.user_metadata.name], ['C', 'cleo'])
  fails(await auth.updateUser({ password }), 422, 'same_password')
  ok(await auth.updateUser({ password: 'another-horse' }))
  ok(await connect().signInWithPassword({ email: address('cleo'), password: 'another-horse' }))
  fails(await auth.updateUser({ password: 'short' }), 422, 'weak_password')
})

// Codes and links.
test('verifyOtp takes the codes and hashes of every kind of link', async () => {
  await person('dora')
  const email = address('dora')
  const magic = await link({ type: 'magiclink', email })
  const auth = connect()
  ok(await auth.verifyOtp({ email, token: magic.email_otp, type: 'email' }))
  fails(await connect().verifyOtp({ email, token: magic.email_otp, type: 'email' }), 403, 'otp_expired')
  const recovery = await link({ type: 'recovery', email })
  const { session } = ok(await auth.verifyOtp({ token_hash: recovery.hashed_token, type: 'recovery' }))
  assert.ok(session.access_token)
  const fresh = address('emil')
  const signup = await link({ type: 'signup', email: fresh, password })
  assert.equal(ok(await connect().verifyOtp({ email: fresh, token: signup.email_otp, type: 'signup' })).user.email, fresh)
  const invited = address('fay')
  const invite = await link({ type: 'invite', email: invited })
  ok(await connect().verifyOtp({ token_hash: invite.hashed_token, type: 'invite' }))
  assert.match(invite.action_link, /\/verify\?token=/)
})

test('signInWithOtp, resetPasswordForEmail, resend and reauthenticate say nothing of who is known', async () => {
  await person('gina')
  for (const email of [address('gina'), address('nobody')]) {
    ok(await connect().resetPasswordForEmail(email))
    ok(await connect().resend({ type: 'signup', email }))
  }
  fails(
    await connect().signInWithOtp({ email: address('nobody-at-all'), options: { shouldCreateUser: false } }),
    422,
    'otp_disabled'
  )
  const { auth } = await person('hugo')
  ok(await auth.reauthenticate())
})

// Second factors.
test('mfa.enroll, challenge, verify, listFactors, getAuthenticatorAssuranceLevel, unenroll', async () => {
  const { auth } = await person('ida')
  const factor = ok(await auth.mfa.enroll({ factorType: 'totp', friendlyName: 'phone' }))
  assert.match(factor.totp.qr_code, /^data:image\/svg\+xml/)
  const challenge = ok(await auth.mfa.challenge({ factorId: factor.id }))
  // Neither of this minute nor of the next ones.
  const good = [-2, -1, 0, 1, 2, 3, 4].map((step) => totp(factor.totp.secret, Date.now() + step * 30000))
  const code = ['000000', '111111', '222222', '333333', '444444', '555555', '666666', '777777'].find(
    (code) => !good.includes(code)
  )
  const wrong = { factorId: factor.id, challengeId: challenge.id, code }
  fails(await auth.mfa.verify(wrong), 422, 'mfa_verification_failed')
  ok(await auth.mfa.challengeAndVerify({ factorId: factor.id, code: totp(factor.totp.secret) }))
  const level = ok(await auth.mfa.getAuthenticatorAssuranceLevel())
  assert.deepEqual([level.currentLevel, level.nextLevel], ['aal2', 'aal2'])
  assert.equal(ok(await auth.mfa.listFactors()).totp[0].id, factor.id)
  const low = connect()
  ok(await low.signInWithPassword({ email: address('ida'), password }))
  const next = ok(await low.mfa.getAuthenticatorAssuranceLevel())
  assert.deepEqual([next.currentLevel, next.nextLevel], ['aal1', 'aal2'])
  fails(await low.mfa.unenroll({ factorId: factor.id }), 422, 'insufficient_aal')
  assert.equal(ok(await auth.mfa.unenroll({ factorId: factor.id })).id, factor.id)
})

// Accounts elsewhere.
test('identities are listed, and the last one stays', async () => {
  const { auth, user } = await person('jan')
  const { identities } = ok(await auth.getUserIdentities())
  assert.deepEqual([identities.length, identities[0].provider, identities[0].user_id], [1, 'email', user.id])
  assert.ok((await auth.unlinkIdentity(identities[0])).error)
})

test('signInWithOAuth leads to the server, and providers that are off are refused', async () => {
  const auth = connect()
  const started = ok(await auth.signInWithOAuth({ provider: 'github', options: { skipBrowserRedirect: true } }))
  assert.ok(started.url.startsWith(`${url}/auth/v1/authorize?provider=github`))
  const answer = await fetch(started.url, { redirect: 'manual' })
  assert.equal(answer.status, 400)
  assert.match((await answer.json()).msg, /^Unsupported provider/)
  assert.ok((await auth.signInWithIdToken({ provider: 'google', token: 'a.b.c' })).error)
})

// The operator's side.
test('admin: users, invitations, factors', async () => {
  const made = ok(
    await admin.createUser({ email: address('kim'), password, email_confirm: true, user_metadata: { team: 'red' } })
  ).user
  assert.ok(made.email_confirmed_at)
  assert.equal(ok(await admin.getUserById(made.id)).user.user_metadata.team, 'red')
  const listed = ok(await admin.listUsers({ page: 1, perPage: 1 }))
  assert.equal(listed.users.length, 1)
  assert.ok(listed.total > 1)
  assert.equal(listed.nextPage, 2)
  const changed = ok(await admin.updateUserById(made.id, { app_metadata: { team: 'blue' }, ban_duration: '24h' })).user
  assert.equal(changed.app_metadata.team, 'blue')
  fails(await connect().signInWithPassword({ email: address('kim'), password }), 400, 'user_banned')
  ok(await admin.updateUserById(made.id, { ban_duration: 'none' }))
  const auth = connect()
  const { session } = ok(await auth.signInWithPassword({ email: address('kim'), password }))
  const factor = ok(await auth.mfa.enroll({ factorType: 'totp' }))
  assert.equal(ok(await admin.mfa.listFactors({ userId: made.id })).factors[0].id, factor.id)
  ok(await admin.mfa.deleteFactor({ userId: made.id, id: factor.id }))
  assert.deepEqual(ok(await admin.mfa.listFactors({ userId: made.id })).factors, [])
  assert.equal((await admin.signOut(session.access_token)).error, null)
  assert.equal(ok(await admin.inviteUserByEmail(address('leo'))).user.email, address('leo'))
  ok(await admin.deleteUser(made.id))
  fails(await admin.getUserById(made.id), 404, 'user_not_found')
  fails(await connect().admin.listUsers(), 403, 'not_admin')
})
