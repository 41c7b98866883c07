import type { ApnsEnvironment, Platform } from './reach.js';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager, IsNull, Not } from 'typeorm';
import { CLOCK, type Clock } from '../time/clock.js';
import { DeviceEntity } from './device.entity.js';
import { DeviceStream, Raced } from './device-stream.js';

/** What an app says when it registers an install. */
export interface Registration {
  platform: Platform;
  name: string | null;
  appVersion: string | null;
  /** VoIP token (iOS) or FCM token (Android). */
  pushToken: string | null;
  alertToken: string | null;
  bundleId: string | null;
  apnsEnvironment: ApnsEnvironment | null;
  projectId: string | null;
}

/** Installs of one user that can be pushed, and as many that cannot: fifty browser tabs sign no phone out. */
const MOST_INSTALLS = 50;
/** Where there were more before there was a limit: a long transaction would hold up all who read events in order. */
const MOST_SIGNED_OUT = 10;
const ATTEMPTS = 5;
/** unique_violation, deadlock_detected */
const RACED = new Set(['23505', '40P01']);

/** The installs of all users. A push token has one owner at a time and never leaves the gateway. */
@Injectable()
export class DeviceRegistry {
  constructor(
    private readonly dataSource: DataSource,
    private readonly stream: DeviceStream,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  find(userId: string, deviceId: string): Promise<DeviceEntity | null> {
    return this.devices(this.dataSource.manager).findOneBy({ userId, deviceId });
  }

  list(userId: string): Promise<DeviceEntity[]> {
    return this.devices(this.dataSource.manager).find({
      where: { userId },
      order: { registeredAt: 'DESC', deviceId: 'ASC' },
    });
  }

  /**
   * Registers an install, again and again if the app likes; a token registered elsewhere is taken from there at once.
   * One too many signs the user's install that was seen longest ago out.
   */
  async register(userId: string, deviceId: string, registration: Registration): Promise<DeviceEntity> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.dataSource.transaction((manager) =>
          this.save(manager, userId, deviceId, registration),
        );
      } catch (error) {
        // The same install registered twice at once: the later one counts.
        const raced = error instanceof Raced || RACED.has((error as { code?: string }).code ?? '');
        if (!raced) throw error;
        if (attempt === ATTEMPTS) throw new Raced();
      }
    }
  }

  /** Signs an install out: no more pushes. Doing it twice is fine. */
  async unregister(userId: string, deviceId: string): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      await this.takeTurn(manager, [userId]);
      await this.signOut(manager, userId, deviceId);
    });
  }

  /**
   * Whoever changes installs of these users waits here, before the transaction has an id: so transactions that touch the same
   * streams are in the global order as they are in the streams. Everybody takes turns in the same order, and none deadlocks.
   */
  async takeTurn(manager: EntityManager, userIds: readonly string[]): Promise<void> {
    await manager.query(
      `select pg_advisory_xact_lock(k) from (
         select distinct hashtextextended(u, 2) as k from unnest($1::text[]) u order by 1) turns`,
      [userIds],
    );
  }

  /**
   * The user is erased: all their installs are signed out, in the transaction of the erasure, which has taken the user's turn.
   * @returns how many there were
   */
  async unregisterAll(manager: EntityManager, userId: string): Promise<number> {
    const lock = { mode: 'pessimistic_write' } as const;
    const installs = await this.devices(manager).find({
      where: { userId },
      order: { deviceId: 'ASC' },
      lock,
    });
    await this.devices(manager).delete({ userId });
    for (const { deviceId } of installs)
      await this.stream.record(manager, userId, deviceId, 'DeviceUnregistered', {});
    return installs.length;
  }

  /**
   * APNs accepted the token in the other environment: remembered, if the token is still the same, with what the app had
   * declared, which it will say again at every start. Corrected back to that, its word counts again.
   */
  async correctEnvironment(
    userId: string,
    deviceId: string,
    token: string,
    environment: ApnsEnvironment,
  ): Promise<void> {
    await this.dataSource.query(
      `update devices set apns_environment = $4, corrected_from = nullif(coalesce(corrected_from, apns_environment), $4)
        where user_id = $1 and device_id = $2 and push_token = $3`,
      [userId, deviceId, token, environment],
    );
  }

  /** A push to the token was accepted for the first time: remembered, if the token is still the same. */
  async rememberAcceptance(userId: string, deviceId: string, token: string): Promise<void> {
    await this.dataSource.query(
      `update devices set token_accepted_at = clock_timestamp()
        where user_id = $1 and device_id = $2 and push_token = $3 and token_accepted_at is null`,
      [userId, deviceId, token],
    );
  }

  /**
   * The provider says the token is dead: forgotten, if it is still the one that was registered then.
   * @param tokenUpdatedAt when the token that was refused had been registered, ms since the epoch
   * @returns false when it was registered again since, and stays
   */
  async retireToken(
    userId: string,
    deviceId: string,
    token: string,
    tokenUpdatedAt: number,
  ): Promise<boolean> {
    const devices = this.devices(this.dataSource.manager);
    const of = { userId, deviceId, pushToken: token };
    const refused = { ...of, tokenUpdatedAt: new Date(tokenUpdatedAt) };
    const { affected } = await devices.update(refused, { pushToken: null });
    return affected === 1 || !(await devices.existsBy(of));
  }

  private async save(
    manager: EntityManager,
    userId: string,
    deviceId: string,
    given: Registration,
  ): Promise<DeviceEntity> {
    const devices = this.devices(manager);
    const { platform, pushToken } = given;
    // Installs that register the same token take turns, so that its holder is known; then a user's installs do, so that none
    // slips past the limit. Whoever has a user's turn waits for no token.
    if (pushToken !== null)
      await manager.query('select pg_advisory_xact_lock(hashtextextended($1, 1))', [pushToken]);
    const holders = pushToken === null ? [] : await devices.findBy({ platform, pushToken });
    await this.takeTurn(manager, [userId, ...holders.map((holder) => holder.userId)]);
    const surplus = await this.surplus(manager, userId, deviceId, pushToken !== null);
    // This install, whoever holds the token and who must go, in one order for all: two installs that swap tokens wait, and
    // do not deadlock.
    const locked = await devices.find({
      where: [
        ...[deviceId, ...surplus].map((id) => ({ userId, deviceId: id })),
        ...(pushToken === null ? [] : [{ platform, pushToken }]),
      ],
      order: { userId: 'ASC', deviceId: 'ASC' },
      lock: { mode: 'pessimistic_write' },
    });
    const isThis = (one: DeviceEntity): boolean => one.userId === userId && one.deviceId === deviceId;
    const known = locked.find(isThis) ?? null;
    for (const other of locked) {
      if (isThis(other)) continue;
      const mustGo = other.userId === userId && surplus.includes(other.deviceId);
      if (mustGo) await this.signOut(manager, userId, other.deviceId);
      else await this.takeToken(manager, other, userId);
    }
    const now = new Date(this.clock.now());
    const tokenUpdatedAt = pushToken === null ? null : now;
    const registeredAt = known?.registeredAt ?? now;
    // Apps declare the same at every start; what was learned about a token stands until it or their word is another one.
    const corrected = locked.find(
      (one) =>
        one.pushToken === pushToken && one.correctedFrom && one.correctedFrom === given.apnsEnvironment,
    );
    const { apnsEnvironment, correctedFrom } = corrected ?? { ...given, correctedFrom: null };
    const holder = pushToken === null ? undefined : locked.find((one) => one.pushToken === pushToken);
    const tokenAcceptedAt = holder?.tokenAcceptedAt ?? null;
    const learned = { ...given, apnsEnvironment, correctedFrom, tokenAcceptedAt };
    const saved = { ...learned, userId, deviceId, registeredAt, tokenUpdatedAt, lastSeenAt: now };
    await devices.upsert(saved, ['userId', 'deviceId']);
    if (!known || changed(known, learned)) {
      const { bundleId, projectId } = given;
      const data = { platform, bundleId, apnsEnvironment, projectId, pushable: pushToken !== null };
      await this.stream.record(manager, userId, deviceId, 'DeviceRegistered', data);
    }
    return devices.create(saved);
  }

  /** Those that must go for this install to have a place, of each kind the ones seen longest ago. */
  private async surplus(
    manager: EntityManager,
    userId: string,
    deviceId: string,
    pushable: boolean,
  ): Promise<string[]> {
    const surplus: string[] = [];
    // Both kinds: an install is of the other one when somebody else has registered its token.
    for (const kind of [true, false]) {
      const others = { userId, deviceId: Not(deviceId), pushToken: kind ? Not(IsNull()) : IsNull() };
      const places = kind === pushable ? MOST_INSTALLS - 1 : MOST_INSTALLS;
      const count = (await this.devices(manager).countBy(others)) - places;
      if (count <= 0) continue;
      const oldest = await this.devices(manager).find({
        where: others,
        order: { lastSeenAt: 'ASC', deviceId: 'ASC' },
        take: Math.min(count, MOST_SIGNED_OUT),
      });
      surplus.push(...oldest.map((install) => install.deviceId));
    }
    return surplus;
  }

  private async signOut(manager: EntityManager, userId: string, deviceId: string): Promise<void> {
    const { affected } = await this.devices(manager).delete({ userId, deviceId });
    if (affected) await this.stream.record(manager, userId, deviceId, 'DeviceUnregistered', {});
  }

  private async takeToken(
    manager: EntityManager,
    { userId, deviceId }: DeviceEntity,
    newOwner: string,
  ): Promise<void> {
    await this.devices(manager).update({ userId, deviceId }, { pushToken: null });
    const sameUser = userId === newOwner;
    await this.stream.record(manager, userId, deviceId, 'DeviceTokenReassigned', { sameUser });
  }

  private devices(manager: EntityManager) {
    return manager.getRepository(DeviceEntity);
  }
}

const changed = (known: DeviceEntity, given: Registration): boolean =>
  (['platform', 'bundleId', 'apnsEnvironment', 'projectId', 'pushToken'] as const).some(
    (field) => known[field] !== given[field],
  );
