// Every method of the unmodified @supabase/postgrest-js, one case each, against a running server. The methods are
// listed by reflection: one that a new version brings fails here until it has a case.
// Environment: SUPABASE_URL, SUPABASE_SERVICE_KEY; fixtures/postgrest.sql is loaded.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  PostgrestBuilder,
  PostgrestClient,
  PostgrestFilterBuilder,
  PostgrestQueryBuilder,
  PostgrestTransformBuilder,
} from '@supabase/postgrest-js'

const key = process.env.SUPABASE_SERVICE_KEY
const run = Date.now().toString(36)
const client = new PostgrestClient(`${process.env.SUPABASE_URL}/rest/v1`, {
  headers: { apikey: key, Authorization: `Bearer ${key}` },
})

const ok = ({ data, error }) => {
  assert.equal(error, null, JSON.stringify(error))
  return data
}

// What a filter leaves of the shelf.
const leaves = (narrow, ids) => async () => {
  const rows = ok(await narrow(client.from('shelf').select('id')).order('id'))
  assert.deepEqual(rows.map((row) => row.id), ids)
}

// A loan that ends with its case.
const loan = async (name, use) => {
  const id = `js-${name}-${run}`
  ok(await client.from('loans').insert({ id, reader: id }))
  await use(id)
  ok(await client.from('loans').delete().eq('id', id))
}

// REST-CLI-01, REST-CLI-05
const ofClient = {
  from: async () => assert.equal(ok(await client.from('shelf').select()).length, 4),
  schema: async () => {
    assert.equal(ok(await client.schema('public').from('shelf').select('id')).length, 4)
    const { error, status } = await client.schema('nowhere').from('shelf').select()
    assert.deepEqual([status, error.code], [406, 'PGRST106'])
  },
  rpc: async () => {
    assert.equal(ok(await client.rpc('double_it', { n: 21 })), 42)
    assert.equal(ok(await client.rpc('double_it', { n: 4 }, { get: true })), 8)
    const rows = ok(await client.rpc('books_rated', { at_least: 4 }).select('title').gt('id', 1))
    assert.deepEqual(rows, [{ title: 'Emma' }])
    const { count, data } = await client.rpc('books_rated', {}, { head: true, count: 'exact' })
    assert.deepEqual([count, data], [3, null])
    const { error } = await client.rpc('no_such_function')
    assert.equal(error.code, 'PGRST202')
  },
}

// REST-CLI-01, REST-CLI-02
const ofQuery = {
  select: async () => {
    const { data, count } = await client.from('shelf').select('"title",  meta->a', { count: 'exact' }).eq('id', 1)
    assert.deepEqual([data, count], [[{ title: 'Dune', a: 1 }], 1])
    for (const counting of ['exact', 'planned', 'estimated']) {
      const answer = await client.from('shelf').select('*', { head: true, count: counting })
      assert.equal(answer.data, null)
      assert.ok(Number.isInteger(answer.count), counting)
    }
  },
  insert: async () => {
    const ids = ['a', 'b'].map((name) => `js-${name}-${run}`)
    const rows = [{ id: ids[0], reader: ids[0] }, { id: ids[1], book: 2 }]
    const { count, status } = await client.from('loans').insert(rows, { defaultToNull: false, count: 'exact' })
    assert.deepEqual([count, status], [2, 201])
    const found = ok(await client.from('loans').select('book, reader').in('id', ids).order('id'))
    assert.deepEqual(found, [{ book: null, reader: ids[0] }, { book: 2, reader: 'nobody' }])
    const { error } = await client.from('loans').insert({ id: ids[0] })
    assert.equal(error.code, '23505')
    ok(await client.from('loans').delete().in('id', ids))
  },
  upsert: async () =>
    loan('upsert', async (id) => {
      const merged = await client.from('loans').upsert({ id, reader: id, book: 1 }).select().single()
      assert.equal(ok(merged).book, 1)
      const other = [{ id: 'never', reader: id, book: 1 }]
      const options = { onConflict: 'reader,book', ignoreDuplicates: true, count: 'exact', defaultToNull: false }
      assert.deepEqual(ok(await client.from('loans').upsert(other, options).select()), [])
    }),
  update: async () =>
    loan('update', async (id) => {
      const { count, data } = await client.from('loans').update({ book: 3 }, { count: 'exact' }).eq('id', id)
      assert.deepEqual([count, data], [1, null])
      const { error } = await client.from('loans').update({ book: 3 })
      assert.equal(error.code, '21000')
    }),
  delete: async () => {
    const id = `js-delete-${run}`
    ok(await client.from('loans').insert({ id, reader: id }))
    const { count, data } = await client.from('loans').delete({ count: 'exact' }).eq('id', id).select('id')
    assert.deepEqual([count, data], [1, [{ id }]])
  },
}

// REST-CLI-04, REST-FLT-03
const ofFilter = {
  eq: leaves((shelf) => shelf.eq('title', 'Dune'), [1]),
  neq: leaves((shelf) => shelf.neq('id', 1), [2, 3, 4]),
  gt: leaves((shelf) => shelf.gt('id', 3), [4]),
  gte: leaves((shelf) => shelf.gte('id', 3), [3, 4]),
  lt: leaves((shelf) => shelf.lt('id', 2), [1]),
  lte: leaves((shelf) => shelf.lte('id', 2), [1, 2]),
  like: leaves((shelf) => shelf.like('title', 'Dune%'), [1]),
  likeAllOf: leaves((shelf) => shelf.likeAllOf('title', ['%u%', '%e%']), [1, 4]),
  likeAnyOf: leaves((shelf) => shelf.likeAnyOf('title', ['E%', 'U%']), [2, 3]),
  ilike: leaves((shelf) => shelf.ilike('title', 'dune%'), [1, 4]),
  ilikeAllOf: leaves((shelf) => shelf.ilikeAllOf('title', ['%U%', '%e%']), [1, 3, 4]),
  ilikeAnyOf: leaves((shelf) => shelf.ilikeAnyOf('title', ['emma', 'DUNE']), [1, 2]),
  regexMatch: leaves((shelf) => shelf.regexMatch('title', '^D'), [1]),
  regexIMatch: leaves((shelf) => shelf.regexIMatch('title', '^d'), [1, 4]),
  is: leaves((shelf) => shelf.is('rating', null), [3]),
  isDistinct: leaves((shelf) => shelf.isDistinct('rating', 5), [2, 3, 4]),
  in: leaves((shelf) => shelf.in('title', ['Dune', 'Emma', 'a,b(c)"d']), [1, 2]),
  notIn: leaves((shelf) => shelf.notIn('id', [1, 3]), [2, 4]),
  contains: async () => {
    await leaves((shelf) => shelf.contains('tags', ['love']), [2, 3])()
    await leaves((shelf) => shelf.contains('meta', { a: 1 }), [1])()
    await leaves((shelf) => shelf.contains('span', '[11,12)'), [3])()
  },
  containedBy: async () => {
    await leaves((shelf) => shelf.containedBy('tags', ['love', 'city']), [2, 3, 4])()
    await leaves((shelf) => shelf.containedBy('meta', { a: 2, z: 1 }), [2])()
    await leaves((shelf) => shelf.containedBy('span', '[1,9)'), [1, 2])()
  },
  rangeGt: leaves((shelf) => shelf.rangeGt('span', '[5,9)'), [3, 4]),
  rangeGte: leaves((shelf) => shelf.rangeGte('span', '[5,9)'), [2, 3, 4]),
  rangeLt: leaves((shelf) => shelf.rangeLt('span', '[10,20)'), [1, 2]),
  rangeLte: leaves((shelf) => shelf.rangeLte('span', '[5,9)'), [1, 2]),
  rangeAdjacent: leaves((shelf) => shelf.rangeAdjacent('span', '[5,9)'), [1]),
  overlaps: async () => {
    await leaves((shelf) => shelf.overlaps('tags', ['city', 'sand']), [1, 3])()
    await leaves((shelf) => shelf.overlaps('span', '[4,6)'), [1, 2])()
  },
  textSearch: async () => {
    await leaves((shelf) => shelf.textSearch('words', 'dune & messiah'), [4])()
    for (const type of ['plain', 'phrase', 'websearch']) {
      await leaves((shelf) => shelf.textSearch('title', 'dune', { type, config: 'english' }), [1, 4])()
    }
  },
  match: leaves((shelf) => shelf.match({ id: 1, title: 'Dune' }), [1]),
  not: leaves((shelf) => shelf.not('id', 'in', '(1,2)'), [3, 4]),
  or: async () => {
    await leaves((shelf) => shelf.or('id.eq.1,and(rating.is.null,title.like.U*)'), [1, 3])()
    const rows = ok(
      await client.from('shelf').select('id, loans(id)').or('id.eq.x,id.eq.y', { referencedTable: 'loans' }).eq('id', 1)
    )
    assert.deepEqual(rows, [{ id: 1, loans: [] }])
  },
  filter: leaves((shelf) => shelf.filter('title', 'in', '("Dune","Emma")'), [1, 2]),
}

// REST-CLI-03, REST-CLI-04
const ofTransform = {
  select: async () =>
    loan('returned', async (id) => {
      const rows = ok(await client.from('loans').update({ book: 4 }).eq('id', id).select('book, shelf(title)'))
      assert.deepEqual(rows, [{ book: 4, shelf: { title: 'dune messiah' } }])
    }),
  order: async () => {
    const byRating = client.from('shelf').select('id').order('rating', { ascending: false, nullsFirst: true })
    assert.deepEqual(ok(await byRating.order('id')).map((row) => row.id), [3, 1, 2, 4])
    ok(await client.from('shelf').select('id, loans(id)').order('id', { referencedTable: 'loans' }))
  },
  limit: async () => {
    assert.equal(ok(await client.from('shelf').select().limit(2)).length, 2)
    ok(await client.from('shelf').select('id, loans(id)').limit(1, { referencedTable: 'loans' }))
  },
  range: async () => {
    const { data, count, status } = await client.from('shelf').select('id', { count: 'exact' }).order('id').range(1, 2)
    assert.deepEqual([data, count, status], [[{ id: 2 }, { id: 3 }], 4, 206])
  },
  abortSignal: async () => {
    const { error } = await client.from('shelf').select().abortSignal(AbortSignal.abort())
    assert.match(error.message, /abort/i)
    ok(await client.from('shelf').select().abortSignal(new AbortController().signal))
  },
  single: async () => {
    assert.equal(ok(await client.from('shelf').select('title').eq('id', 1).single()).title, 'Dune')
    const { error, status } = await client.from('shelf').select().single()
    assert.deepEqual([status, error.code], [406, 'PGRST116'])
  },
  maybeSingle: async () => {
    assert.equal(ok(await client.from('shelf').select().eq('id', 99).maybeSingle()), null)
    assert.equal(ok(await client.from('shelf').select('id').eq('id', 2).maybeSingle()).id, 2)
    assert.equal((await client.from('shelf').select().maybeSingle()).error.code, 'PGRST116')
  },
  csv: async () => {
    assert.equal(ok(await client.from('shelf').select('id,title').lt('id', 3).order('id').csv()), 'id,title\n1,Dune\n2,Emma')
  },
  geojson: async () => {
    const found = ok(await client.from('shelf').select('id').eq('id', 1).geojson())
    assert.equal(found.type, 'FeatureCollection')
    assert.deepEqual(found.features, [{ type: 'Feature', geometry: null, properties: { id: 1 } }])
  },
  explain: async () => {
    assert.match(ok(await client.from('shelf').select().explain()), /cost=/)
    const options = { analyze: true, verbose: true, settings: true, buffers: true, wal: true, format: 'json' }
    const [{ Plan }] = ok(await client.from('shelf').select().explain(options))
    assert.ok(Plan['Actual Rows'] >= 1)
  },
  rollback: async () => {
    const row = { id: `js-rollback-${run}` }
    assert.equal(ok(await client.from('loans').insert(row).rollback().select('id').single()).id, row.id)
    assert.deepEqual(ok(await client.from('loans').select().match(row)), [])
  },
  returns: async () => assert.equal(ok(await client.from('shelf').select().returns()).length, 4),
  maxAffected: async () => {
    const { error } = await client.from('shelf').delete().gt('id', 0).maxAffected(3)
    assert.equal(error.code, 'PGRST124')
    ok(await client.from('loans').delete().eq('id', 'nobody').maxAffected(1))
  },
  throwOnError: async () => assert.rejects(async () => await client.from('shelf').select('nope').limit(1).throwOnError(), { code: '42703' }),
}

const ofBuilder = {
  throwOnError: async () => assert.rejects(async () => await client.from('nope').select().throwOnError(), { code: 'PGRST205' }),
  stripNulls: async () => {
    assert.deepEqual(ok(await client.from('shelf').select('id, rating').eq('id', 3).stripNulls()), [{ id: 3 }])
    const single = client.from('shelf').select('id, rating').eq('id', 3).single().stripNulls()
    assert.deepEqual(ok(await single), { id: 3 })
  },
  setHeader: async () => {
    const { status, error } = await client.from('shelf').select().setHeader('Accept', 'image/png')
    assert.deepEqual([status, error.code], [406, 'PGRST107'])
  },
  retry: async () => assert.equal(ok(await client.from('shelf').select().retry(false)).length, 4),
  then: async () => client.from('shelf').select('id').then(({ data }) => assert.equal(data.length, 4)),
  returns: async () => assert.equal(ok(await client.from('shelf').select().limit(1).returns()).length, 1),
  overrideTypes: async () => assert.equal(ok(await client.from('shelf').select().overrideTypes()).length, 4),
}

// Methods that the classes keep for themselves.
const INNER = ['constructor', 'cloneRequestState', 'processResponse']

const cases = [
  [PostgrestClient, ofClient],
  [PostgrestQueryBuilder, ofQuery],
  // `throwOnError` is passed on to the builder that both classes are.
  [PostgrestFilterBuilder, { ...ofFilter, throwOnError: ofBuilder.throwOnError }],
  [PostgrestTransformBuilder, ofTransform],
  [PostgrestBuilder, ofBuilder],
]

for (const [kind, methods] of cases) {
  test(`every method of ${kind.name} has a case`, () => {
    const there = Object.getOwnPropertyNames(kind.prototype).filter((name) => !INNER.includes(name))
    assert.deepEqual(Object.keys(methods).sort(), there.sort())
  })
  for (const [name, run] of Object.entries(methods)) test(`${kind.name}.${name}`, run)
}
