// The unmodified @supabase/supabase-js does what the migrated application's front end does: old passwords, own rows,
// nobody else's, a change live. Environment: SUPABASE_URL, SUPABASE_ANON_KEY, SUPABASE_SERVICE_KEY,
// INSIGHT_EMAIL, INSIGHT_PASSWORD, INSIGHT_OTHER_EMAIL, INSIGHT_OTHER_PASSWORD, INSIGHT_BANNED_EMAIL, INSIGHT_BANNED_PASSWORD.
import assert from 'node:assert/strict'
import { test, after } from 'node:test'
import { createClient } from '@supabase/supabase-js'
import ws from 'ws'

const { env } = process
const clients = []
const connect = () => {
  const client = createClient(env.SUPABASE_URL, env.SUPABASE_ANON_KEY, {
    auth: { persistSession: false, autoRefreshToken: false },
    realtime: { transport: ws, timeout: 60000 },
  })
  clients.push(client)
  return client
}
const signIn = async (email, password) => {
  const client = connect()
  const { data, error } = await client.auth.signInWithPassword({ email, password })
  assert.equal(error, null, JSON.stringify(error))
  return { client, user: data.user }
}
after(() => clients.forEach((client) => client.removeAllChannels().then(() => client.realtime.disconnect())))

// MIG-TEST-03, MIG-TEST-09
test('an old password signs in, and the token says who', async () => {
  const { user } = await signIn(env.INSIGHT_EMAIL, env.INSIGHT_PASSWORD)
  assert.match(user.id, /^[0-9a-f-]{36}$/)
  assert.equal(user.aud, 'authenticated')
  assert.ok(user.app_metadata.legacy_id > 0)
  const wrong = await connect().auth.signInWithPassword({ email: env.INSIGHT_EMAIL, password: 'no' })
  assert.equal(wrong.error.code, 'invalid_credentials')
})

// MIG-USR-07
test('a disabled account cannot sign in', async () => {
  const { error } = await connect().auth.signInWithPassword({
    email: env.INSIGHT_BANNED_EMAIL,
    password: env.INSIGHT_BANNED_PASSWORD,
  })
  assert.equal(error.code, 'user_banned')
})

// MIG-TEST-05, MIG-TEST-06
test('everybody reads their own history and nobody else’s', async () => {
  const one = await signIn(env.INSIGHT_EMAIL, env.INSIGHT_PASSWORD)
  const other = await signIn(env.INSIGHT_OTHER_EMAIL, env.INSIGHT_OTHER_PASSWORD)
  const mine = await one.client.from('user_conversations').select('id, user_id')
  assert.equal(mine.error, null)
  assert.ok(mine.data.length > 0)
  assert.ok(mine.data.every((row) => row.user_id === one.user.id))
  const theirs = await other.client.from('user_conversations').select('id').eq('user_id', one.user.id)
  assert.deepEqual(theirs.data, [])
  const forged = await other.client.from('user_conversations').insert({ user_id: one.user.id, query: 'x' })
  assert.equal(forged.error.code, '42501')
  const mapping = await other.client.from('user_id_mapping').select('*')
  assert.equal(mapping.error.code, '42501')
})

// MIG-TEST-07: the subscription of the application's own hook.
test('a change arrives live', async () => {
  const { client, user } = await signIn(env.INSIGHT_EMAIL, env.INSIGHT_PASSWORD)
  const heard = new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error('no event within two minutes')), 120000).unref()
    client
      .channel('conversations')
      .on(
        'postgres_changes',
        { event: '*', schema: 'public', table: 'user_conversations', filter: `user_id=eq.${user.id}` },
        (change) => resolve(change)
      )
      .subscribe(async (status, error) => {
        if (status === 'CHANNEL_ERROR' || status === 'TIMED_OUT') reject(error ?? new Error(status))
      })
  })
  const insert = async () => {
    const { error } = await client.from('user_conversations').insert({ user_id: user.id, query: 'bonjour' })
    assert.equal(error, null, JSON.stringify(error))
  }
  // Live once SUBSCRIBED and the system message are in; a moment later at most.
  const timer = setInterval(insert, 1000)
  const change = await heard.finally(() => clearInterval(timer))
  assert.equal(change.new.query, 'bonjour')
  assert.equal(change.new.user_id, user.id)
})
