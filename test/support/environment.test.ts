import { expect, it } from 'vitest'
import { coordinatesFrom, environmentOf } from './environment.ts'

const complete = {
  CELLS_TEST_URL: 'https://example.supabase.co',
  CELLS_TEST_ANON_KEY: 'anon',
  CELLS_TEST_SERVICE_KEY: 'service',
  CELLS_TEST_JWT_SECRET: 'secret',
  CELLS_TEST_DATABASE_URL: 'postgres://postgres:password@db.example.supabase.co:5432/postgres',
}

it('takes another Supabase from the environment', () => {
  expect(coordinatesFrom({ ...complete, PATH: '/bin' })).toEqual({
    url: 'https://example.supabase.co',
    anonKey: 'anon',
    serviceKey: 'service',
    jwtSecret: 'secret',
    databaseUrl: 'postgres://postgres:password@db.example.supabase.co:5432/postgres',
  })
})

it('gives one what names it there', () => {
  const coordinates = coordinatesFrom(complete)!
  expect(environmentOf(coordinates)).toEqual(complete)
})

it('means the local stack where nothing is set', () => {
  expect(coordinatesFrom({ CELLS_TEST_URL: '' })).toBeUndefined()
})

it('refuses half a Supabase, and says what is missing', () => {
  expect(() =>
    coordinatesFrom({ ...complete, CELLS_TEST_JWT_SECRET: undefined, CELLS_TEST_URL: '' }),
  ).toThrow('missing: CELLS_TEST_URL, CELLS_TEST_JWT_SECRET')
})
