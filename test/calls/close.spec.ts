import { erase, expire, fail, timeOut } from '../../src/calls/domain/decide.js';
import { erased, failed, missed, tooLong } from './cast.js';
import { everyState } from './every-cell.js';

describe('the gateway closes a call', () => {
  const unanswered = ['unseen', 'ringsOnPixel', 'ringsOnTablet'] as const;
  everyState('its ring timer finds', timeOut, missed, unanswered);
  everyState('it cannot reach any device for', fail, failed, unanswered);
  everyState('its timer for forgotten calls finds', expire, tooLong, ['onPixel', 'onTablet']);
  everyState('one of its users is erased in', erase, erased, [...unanswered, 'onPixel', 'onTablet']);
});
