import { Injectable } from '@nestjs/common';

/** How phones reach this gateway over HTTP. Known once it listens, where `PUBLIC_URL` does not say. */
@Injectable()
export class Gateway {
  url = '';
}
