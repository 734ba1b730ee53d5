// The unmodified @supabase/supabase-js against a running server, as two people would use it.
// Environment: SUPABASE_URL, SUPABASE_ANON_KEY, SUPABASE_SERVICE_KEY; fixtures/front_door.sql is loaded.
import assert from 'node:assert/strict'
import { test, before, after } from 'node:test'
import { createClient } from '@supabase/supabase-js'
import ws from 'ws'

const url = process.env.SUPABASE_URL
const anonKey = process.env.SUPABASE_ANON_KEY
const serviceKey = process.env.SUPABASE_SERVICE_KEY
const run = Date.now().toString(36)

const connect = (key = anonKey) =>
  createClient(url, key, {
    auth: { persistSession: false, autoRefreshToken: false },
    realtime: { transport: ws, timeout: 60000 },
  })

const ok = ({ data, error }) => {
  assert.equal(error, null, JSON.stringify(error))
  return data
}

const person = async (name) => {
  const client = connect()
  const credentials = { email: `${name}-${run}@example.com`, password: `correct-horse-${name}` }
  ok(await client.auth.signUp(credentials))
  const { user, session } = ok(await client.auth.signInWithPassword(credentials))
  assert.equal(user.email, credentials.email)
  assert.ok(session.access_token)
  return { client, user, credentials }
}

// Two minutes: only what never happens takes as long.
const within = (promise, what, ms = 120000) => {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not happen within ${ms} ms`)), ms)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

const subscribed = (channel) =>
  within(
    new Promise((resolve, reject) =>
      channel.subscribe((status, error) => {
        if (status === 'SUBSCRIBED') resolve()
        if (status === 'CHANNEL_ERROR' || status === 'TIMED_OUT') reject(error ?? new Error(status))
      })
    ),
    'SUBSCRIBED'
  )

let ada
let bob

before(async () => {
  ada = await person('ada')
  bob = await person('bob')
})

after(async () => {
  for (const { client } of [ada, bob]) {
    await client.removeAllChannels()
    client.realtime.disconnect()
  }
})

// AUTH-SIGN-01, AUTH-TOK-01
test('a wrong password is refused with the code that clients look for', async () => {
  const { data, error } = await connect().auth.signInWithPassword({ ...ada.credentials, password: 'wrong-one' })
  assert.equal(data.session, null)
  assert.equal(error.status, 400)
  assert.equal(error.code, 'invalid_credentials')
  assert.equal(error.message, 'Invalid login credentials')
})

test('a session can be refreshed, read, changed and ended', async () => {
  const { client } = ada
  const before = ok(await client.auth.getSession()).session
  const { session } = ok(await client.auth.refreshSession())
  assert.notEqual(session.refresh_token, before.refresh_token)
  assert.equal(ok(await client.auth.getUser()).user.id, ada.user.id)
  const { user } = ok(await client.auth.updateUser({ data: { nickname: 'Countess' } }))
  assert.equal(user.user_metadata.nickname, 'Countess')
  const other = connect()
  ok(await other.auth.signInWithPassword(ada.credentials))
  assert.equal((await other.auth.signOut({ scope: 'local' })).error, null)
  assert.equal(ok(await client.auth.getUser()).user.id, ada.user.id)
})

test('an operator manages users with the service key', async () => {
  const admin = connect(serviceKey).auth.admin
  const { user } = ok(
    await admin.createUser({ email: `carol-${run}@example.com`, password: 'correct-horse-carol', email_confirm: true })
  )
  assert.ok(user.email_confirmed_at)
  const listed = ok(await admin.listUsers({ page: 1, perPage: 2 }))
  assert.equal(listed.users.length, 2)
  assert.ok(listed.total >= 3)
  assert.equal(ok(await admin.getUserById(user.id)).user.email, user.email)
  const changed = ok(await admin.updateUserById(user.id, { app_metadata: { team: 'blue' } }))
  assert.equal(changed.user.app_metadata.team, 'blue')
  ok(await admin.deleteUser(user.id))
  assert.equal((await admin.getUserById(user.id)).error.status, 404)
  const refused = await connect().auth.admin.listUsers()
  assert.ok([401, 403].includes(refused.error.status))
})

test('rows are written, read and kept apart under row security', async () => {
  const written = ok(await ada.client.from('notes').insert({ body: 'first', project_id: 1 }).select().single())
  assert.equal(written.owner, ada.user.id)
  ok(await ada.client.from('notes').insert([{ body: 'second', done: false }, { body: 'third', done: true }]))
  ok(await bob.client.from('notes').insert({ body: 'of bob' }))

  const mine = ok(await ada.client.from('notes').select('body, project:projects(name)').order('id'))
  assert.deepEqual(mine, [
    { body: 'first', project: { name: 'Bridge' } },
    { body: 'second', project: null },
    { body: 'third', project: null },
  ])
  assert.deepEqual(ok(await bob.client.from('notes').select('body')), [{ body: 'of bob' }])
  assert.deepEqual(ok(await connect().from('notes').select('body')), [])

  const forged = await bob.client.from('notes').insert({ body: 'forged', owner: ada.user.id })
  assert.equal(forged.status, 403)
  assert.equal(forged.error.code, '42501')

  const { count, data } = await ada.client.from('notes').select('id', { count: 'exact' }).range(0, 1)
  assert.equal(count, 3)
  assert.equal(data.length, 2)
  assert.equal(ok(await ada.client.rpc('count_notes', { done_only: true })), 1)

  const changed = ok(await ada.client.from('notes').update({ done: true }).eq('body', 'second').select('done'))
  assert.deepEqual(changed, [{ done: true }])
  assert.deepEqual(ok(await bob.client.from('notes').update({ done: true }).eq('body', 'first').select()), [])
  ok(await ada.client.from('notes').delete().eq('body', 'third'))
  const none = await ada.client.from('notes').select().eq('body', 'third').single()
  assert.equal(none.error.code, 'PGRST116')
  const all = ok(await connect(serviceKey).from('notes').select('body'))
  assert.ok(all.length >= 3)
})

test('filters of every usual kind reach the same rows as SQL would', async () => {
  const from = () => ada.client.from('projects').select('name')
  const names = async (query) => ok(await query.order('name')).map((row) => row.name)
  assert.deepEqual(await names(from().in('name', ['Bridge', 'Nothing'])), ['Bridge'])
  assert.deepEqual(await names(from().ilike('name', '%WAY')), ['Gateway'])
  assert.deepEqual(await names(from().or('name.eq.Bridge,id.gt.1')), ['Bridge', 'Gateway'])
  assert.deepEqual(await names(from().not('name', 'eq', 'Bridge')), ['Gateway'])
  const inner = ok(await ada.client.from('projects').select('name, notes!inner(body)').eq('notes.body', 'first'))
  assert.deepEqual(inner, [{ name: 'Bridge', notes: [{ body: 'first' }] }])
  const wrong = await ada.client.from('nowhere').select()
  assert.equal(wrong.status, 404)
  assert.equal(wrong.error.code, 'PGRST205')
})

test('files go up and come back, and belong to one person', async () => {
  const path = `${ada.user.id}/hello world é.txt`
  const bucket = ada.client.storage.from('private')
  const plain = `${ada.user.id}/hello.txt`
  ok(await bucket.upload(plain, 'hello', { contentType: 'text/plain' }))
  assert.equal(await ok(await bucket.download(plain)).text(), 'hello')
  const again = await bucket.upload(plain, 'again')
  assert.equal(again.error.statusCode, '409')
  ok(await bucket.upload(plain, 'again', { upsert: true }))
  assert.equal(await ok(await bucket.download(plain)).text(), 'again')
  const listed = ok(await bucket.list(ada.user.id))
  assert.deepEqual(listed.map((file) => file.name), ['hello.txt'])
  const { signedUrl } = ok(await bucket.createSignedUrl(plain, 60))
  assert.equal(await (await fetch(signedUrl)).text(), 'again')
  const foreign = await bob.client.storage.from('private').download(plain)
  assert.ok(foreign.error)
  const intruder = await bob.client.storage.from('private').upload(`${ada.user.id}/x.txt`, 'x')
  assert.equal(intruder.error.statusCode, '403')
  ok(await ada.client.storage.from('open').upload(plain, 'for all', { contentType: 'text/plain' }))
  const { data } = ada.client.storage.from('open').getPublicUrl(plain)
  assert.equal(await (await fetch(data.publicUrl)).text(), 'for all')
  ok(await bucket.copy(plain, `${ada.user.id}/copy.txt`))
  ok(await bucket.move(`${ada.user.id}/copy.txt`, `${ada.user.id}/moved.txt`))
  assert.equal(ok(await bucket.remove([plain, `${ada.user.id}/moved.txt`])).length, 2)
  assert.deepEqual(ok(await bucket.list(ada.user.id)), [])
  const invalid = await bucket.upload(path, 'x')
  assert.equal(invalid.error.statusCode, '400')
})

test('a broadcast reaches the other socket', async () => {
  const room = `room-${run}`
  const sender = ada.client.channel(room)
  const receiver = bob.client.channel(room)
  const heard = new Promise((resolve) => receiver.on('broadcast', { event: 'shout' }, resolve))
  await Promise.all([subscribed(sender), subscribed(receiver)])
  assert.equal(await sender.send({ type: 'broadcast', event: 'shout', payload: { loud: true } }), 'ok')
  assert.deepEqual((await within(heard, 'the broadcast')).payload, { loud: true })
})

test('presence is seen on both sides', async () => {
  const room = `presence-${run}`
  const one = ada.client.channel(room, { config: { presence: { key: 'ada' } } })
  const two = bob.client.channel(room, { config: { presence: { key: 'bob' } } })
  const met = new Promise((resolve) =>
    one.on('presence', { event: 'sync' }, () => {
      const keys = Object.keys(one.presenceState()).sort()
      if (keys.length === 2) resolve(keys)
    })
  )
  two.on('presence', { event: 'sync' }, () => {})
  await Promise.all([subscribed(one), subscribed(two)])
  await one.track({ mood: 'calm' })
  await two.track({ mood: 'keen' })
  assert.deepEqual(await within(met, 'both presences'), ['ada', 'bob'])
})

test('an INSERT made over REST arrives, for the one who may see it', async () => {
  const inserts = (person) => {
    const seen = []
    const channel = person.client
      .channel(`notes-${person.user.id}`)
      .on('postgres_changes', { event: 'INSERT', schema: 'public', table: 'notes' }, (change) => seen.push(change))
    // On a busy server the bindings may be live only after the join was answered; then this says so.
    const live = new Promise((resolve) =>
      channel.on('system', {}, ({ extension, status }) => {
        if (extension === 'postgres_changes' && status === 'ok') resolve()
      })
    )
    return { seen, channel, live }
  }
  const forAda = inserts(ada)
  const forBob = inserts(bob)
  await Promise.all([subscribed(forAda.channel), subscribed(forBob.channel)])
  await within(Promise.all([forAda.live, forBob.live]), 'live bindings')
  ok(await ada.client.from('notes').insert({ body: 'live' }))
  ok(await bob.client.from('notes').insert({ body: 'live too' }))
  await within(
    (async () => {
      while (forAda.seen.length === 0 || forBob.seen.length === 0) await new Promise((r) => setTimeout(r, 20))
    })(),
    'both changes'
  )
  assert.deepEqual(forAda.seen.map((change) => change.new.body), ['live'])
  assert.deepEqual(forBob.seen.map((change) => change.new.body), ['live too'])
  const [change] = forAda.seen
  assert.equal(change.eventType, 'INSERT')
  assert.equal(change.schema, 'public')
  assert.equal(change.new.owner, ada.user.id)
})
