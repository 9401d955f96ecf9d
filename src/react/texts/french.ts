import { pluralIn } from './plural.ts'
import type { CellsTexts, StepName, StepOutcomeCounts } from './texts.ts'

const plural = pluralIn('fr')
const cells = (count: number) => plural(count, { one: '# cellule', other: '# cellules' })

const changeTypes: Readonly<Record<Parameters<CellsTexts['historyChangeType']>[0], string>> = {
  manual: 'Saisie',
  spread: 'Ventilation',
  import: 'Import',
  calculation: 'Calcul',
  undo: 'Annulation',
  redo: 'Rétablissement',
}

function stepName({ label, changeType, cells: count }: StepName): string {
  const name =
    label === null
      ? changeType === null
        ? 'dernière étape'
        : changeTypes[changeType].toLowerCase()
      : `« ${label} »`
  return count > 1 ? `${name} (${cells(count)})` : name
}

function stayed({ superseded, missing, locked, forbidden }: StepOutcomeCounts): string {
  const parts = [
    superseded > 0 &&
      plural(superseded, {
        one: '# cellule inchangée : quelqu’un y a écrit depuis.',
        other: '# cellules inchangées : quelqu’un y a écrit depuis.',
      }),
    missing > 0 &&
      plural(missing, { one: '# cellule reste supprimée.', other: '# cellules restent supprimées.' }),
    locked > 0 &&
      plural(locked, { one: '# cellule est verrouillée.', other: '# cellules sont verrouillées.' }),
    forbidden > 0 &&
      plural(forbidden, {
        one: '# cellule n’est pas à vous.',
        other: '# cellules ne sont pas à vous.',
      }),
  ]
  return parts.filter((part) => part !== false).join(' ')
}

/** The components' texts in French. */
export const french: CellsTexts = {
  locale: 'fr',

  cellName: ({ field, period }) => [field.replaceAll('_', ' '), period].filter(Boolean).join(', '),
  program: 'Un programme',
  unknownPerson: 'Quelqu’un',
  emptyValue: 'vide',
  deletedValue: 'supprimée',
  close: 'Fermer',
  cancel: 'Annuler',
  save: 'Enregistrer',
  tryAgain: 'Réessayer',
  loading: 'Chargement…',
  loadMore: 'Afficher plus',
  problem: (code) => {
    switch (code) {
      case 'invalid':
      case 'unreadable':
        return 'Cette valeur n’est pas acceptée.'
      case 'version_conflict':
        return 'Quelqu’un d’autre a été plus rapide.'
      case 'locked':
        return 'La cellule est verrouillée.'
      case 'lease_lost':
        return 'Quelqu’un d’autre modifie maintenant cette cellule.'
      case 'forbidden':
        return 'Vous n’avez pas le droit de faire cela.'
      case 'not_found':
        return 'Cet élément n’existe plus.'
      case 'unauthorized':
        return 'Veuillez vous reconnecter.'
      case 'not_installed':
        return 'La base de données n’est pas prête pour cela.'
      case 'rate_limited':
        return 'Le serveur est occupé. Veuillez patienter un instant.'
      case 'too_large':
        return 'C’est trop en une seule fois.'
      case 'network':
      case 'timeout':
        return 'Le serveur est injoignable.'
      case 'storage':
        return 'Ce navigateur ne peut pas le conserver.'
      case 'server':
      case 'protocol':
      case null:
        return 'Une erreur s’est produite.'
    }
  },

  conflictTitle: (cell) => `Deux valeurs pour ${cell}`,
  conflictExplanation: (name) =>
    `${name} a modifié cette cellule pendant que vous la modifiiez. Quelle valeur est la bonne ?`,
  conflictBase: 'Avant',
  conflictMine: 'La vôtre',
  conflictTheirs: (name) => name,
  conflictBaseNote: 'Votre point de départ commun',
  conflictMineNote: 'Pas encore enregistrée',
  conflictKeepMine: 'Garder la mienne',
  conflictTakeTheirs: 'Prendre la sienne',
  conflictEdit: 'Autre valeur…',
  conflictEditLabel: 'Autre valeur',
  conflictEditSave: 'Enregistrer cette valeur',
  conflictLater: 'Décider plus tard',
  conflictWaiting: (count) => plural(count, { one: '# autre conflit', other: '# autres conflits' }),
  conflictNotANumber: (example) => `Veuillez saisir un nombre à 4 décimales au plus, par exemple ${example}.`,

  commentsTitle: (cell) => `Commentaires sur ${cell}`,
  commentsNone: 'Aucun commentaire.',
  commentsNew: 'Nouveau commentaire',
  commentsPlaceholder: 'Écrivez un commentaire. @ pour interpeller quelqu’un.',
  commentsSend: 'Commenter',
  commentsReply: 'Répondre',
  commentsReplyPlaceholder: 'Répondre…',
  commentsReplyTo: (name) => `Répondre à ${name}`,
  commentsEdit: 'Modifier',
  commentsEditLabel: 'Modifier votre commentaire',
  commentsDelete: 'Supprimer',
  commentsDeleteQuestion: 'Supprimer ce commentaire ?',
  commentsResolve: 'Résoudre',
  commentsReopen: 'Rouvrir',
  commentsResolved: (name, when) => `Résolu par ${name}, ${when}`,
  commentsReopened: (name, when) => `Rouvert par ${name}, ${when}`,
  commentsEdited: 'modifié',
  commentsDeleted: 'Supprimé par son auteur.',
  commentsUnread: (count) => plural(count, { one: '# nouveau', other: '# nouveaux' }),
  commentsNewMark: 'nouveau',
  commentsShowResolved: (count) =>
    plural(count, { one: 'Afficher # fil résolu', other: 'Afficher # fils résolus' }),
  commentsHideResolved: 'Masquer les fils résolus',
  commentsShowAll: 'Tout afficher',
  commentsShowLess: 'Réduire',
  commentsThread: (name, when) => `Fil de ${name}, ${when}`,
  commentsTooLong: (over) => plural(over, { one: '# caractère de trop', other: '# caractères de trop' }),
  commentsMentionList: 'Personnes que vous pouvez interpeller',
  commentsMentionCount: (count) => plural(count, { one: '# personne', other: '# personnes' }),
  commentsMentionHint: '↑ ↓ pour choisir, Entrée pour interpeller',

  lockedFor: (reason) => (reason === null ? 'Verrouillée' : `Verrouillée : ${reason}`),
  editedBy: (name) => `${name} modifie`,

  presenceTitle: 'Qui est là',
  presenceAlone: 'Personne d’autre n’est là.',
  presenceMore: (count) => plural(count, { one: '# autre personne', other: '# autres personnes' }),
  presencePlace: (mode, cell) =>
    cell === null ? 'Ici' : mode === 'editing' ? `Modifie ${cell}` : `Sur ${cell}`,
  presenceIdle: 'absent',
  presencePerson: (name, place, isIdle) => `${name} : ${place}${isIdle ? ' (absent)' : ''}`,

  undoTitle: 'Annuler et rétablir',
  undoNothing: 'Rien à annuler',
  redoNothing: 'Rien à rétablir',
  undoStep: (step) => `Annuler : ${stepName(step)}`,
  redoStep: (step) => `Rétablir : ${stepName(step)}`,
  undone: (step, outcomes) => `Annulé : ${stepName(step)}. ${stayed(outcomes)}`.trim(),
  redone: (step, outcomes) => `Rétabli : ${stepName(step)}. ${stayed(outcomes)}`.trim(),

  historyTitle: (cell) => `Historique de ${cell}`,
  historyNone: 'Rien n’a encore été modifié ici.',
  historyRestore: 'Restaurer',
  historyRestoreValue: (value, when) => `Restaurer ${value} (${when})`,
  historyRestored: (value) => `Restaurée : ${value}`,
  historyCurrent: 'Actuelle',
  historyEnd: 'C’est tout.',
  historyAction: (action) =>
    ({
      insert: 'Première valeur',
      update: 'Modifiée',
      delete: 'Supprimée',
      restore: 'Rétablie',
      lock: 'Verrouillée',
      unlock: 'Déverrouillée',
    })[action],
  historyChangeType: (type) => changeTypes[type],
  historyFromTo: (before, after) => `de ${before} à ${after}`,

  syncTitle: 'Connexion',
  syncState: (state) =>
    ({
      connecting: 'Connexion…',
      'catching-up': 'Mise à jour…',
      live: 'En direct',
      polling: 'En différé',
      offline: 'Hors ligne',
      closed: 'Fermé',
    })[state],
  syncExplanation: (state) =>
    ({
      connecting: 'Rien n’est encore connu.',
      'catching-up': 'Lecture de ce qui a pu être manqué.',
      live: 'Vous voyez chaque modification aussitôt.',
      polling: 'Vous voyez les modifications avec quelques secondes de retard.',
      offline: 'Ce que vous saisissez est conservé et sera envoyé dès que le serveur répondra.',
      closed: 'Plus rien n’arrive, et rien ne peut être saisi.',
    })[state],
  syncPending: (count) =>
    plural(count, { one: 'Enregistrement de # modification', other: 'Enregistrement de # modifications' }),
  syncRefused: (count) =>
    plural(count, { one: '# modification non enregistrée', other: '# modifications non enregistrées' }),
  syncRefusedTitle: 'Non enregistrées',
  syncRetry: 'Réessayer',
  syncDiscard: 'Abandonner',
  syncAllSaved: 'Tout est enregistré.',
  syncNotKept:
    'Ce navigateur ne conserve pas les modifications non enregistrées : ne fermez pas la fenêtre avant leur envoi.',

  inboxTitle: 'Mentions',
  inboxButton: (unread) =>
    unread === 0 ? 'Mentions' : `Mentions, ${plural(unread, { one: '# non lue', other: '# non lues' })}`,
  inboxNone: 'Personne ne vous a encore interpellé.',
  inboxMarkAll: 'Tout marquer comme lu',
  inboxMention: (name, cell) => `${name} vous interpelle sur ${cell}`,
  inboxUnread: 'non lue',
  inboxResolved: 'résolu',
}
