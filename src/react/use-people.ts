import { useMemo } from 'react'
import { useSurroundings } from './contexts.ts'
import { usePresence } from './use-presence.ts'
import type { CellsTexts } from './texts/texts.ts'

/** How a user is shown. */
export interface ShownPerson {
  /** Never empty. */
  readonly name: string
  /** The address of a picture. */
  readonly avatar: string | null
  /** His colour in presence, or a grey, as `#rrggbb`. White text can be read on it. */
  readonly color: string
}

/** Somebody who is not here has no colour of his own. */
const absent = '#57534e'

/** The texts of the components, in the provider's language. */
export function useTexts(): CellsTexts {
  return useSurroundings().texts
}

/** The id of the signed-in user, as the provider was told or presence shows him; `null` where neither knows. */
export function useUserId(): string | null {
  const { userId } = useSurroundings()
  const { me } = usePresence()
  return userId === undefined ? (me?.userId ?? null) : userId
}

/**
 * How users are shown, by their ids; `null` stands for a program. Names come from the provider's `people`, or from presence
 * where that has none; somebody of whom nothing is known is called by the first characters of his id.
 */
export function usePeople(): (userId: string | null) => ShownPerson {
  const { people, texts } = useSurroundings()
  const { me, others } = usePresence()
  return useMemo(() => {
    const present = new Map(
      [...others, ...(me === null ? [] : [me])].map((person) => [person.userId, person]),
    )
    return (userId) => {
      if (userId === null) return { name: texts.program, avatar: null, color: absent }
      const known = people?.(userId)
      const person = present.get(userId)
      return {
        name: firstOf(known?.name, person?.name) ?? `${texts.unknownPerson} ${userId.slice(0, 4)}`,
        avatar: firstOf(known?.avatar, person?.avatar) ?? null,
        color: person?.color ?? absent,
      }
    }
  }, [people, texts, me, others])
}

function firstOf(...given: readonly (string | null | undefined)[]): string | undefined {
  return given.find((text): text is string => typeof text === 'string' && text !== '')
}
