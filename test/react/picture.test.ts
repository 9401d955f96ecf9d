import { describe, expect, it } from 'vitest'
import { initials, pictureAddress } from '../../src/react/parts/picture.ts'

describe('the picture of a person', () => {
  it.each([
    'javascript:alert(1)',
    'JAVASCRIPT:alert(1)',
    ' javascript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'data:image',
    'http://example.org/a.png',
    'file:///etc/passwd',
    'blob:https://example.org/1',
    '//example.org/a.png',
    'a.png',
    '',
  ])('is not loaded from %s', (address) => {
    expect(pictureAddress(address)).toBeNull()
  })

  it('is loaded from an encrypted address, or out of a data address', () => {
    expect(pictureAddress('https://example.org/a.png')).toBe('https://example.org/a.png')
    expect(pictureAddress('data:image/png;base64,AAAA')).toBe('data:image/png;base64,AAAA')
    expect(pictureAddress(null)).toBeNull()
  })

  it('is replaced by whole letters, in any script', () => {
    expect(initials('Bob Martin', 'en')).toBe('BM')
    expect(initials(' zoë ', 'en')).toBe('Z')
    expect(initials('Anna Maria van Dyk', 'en')).toBe('AD')
    expect(initials('👩‍💻 Dev', 'en')).toBe('👩‍💻D')
    expect(initials('', 'en')).toBe('')
  })
})
