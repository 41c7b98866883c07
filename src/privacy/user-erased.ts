/** A user has been erased, by this node or by another one. In memory, for whoever still knows something of them. */
export class UserErased {
  constructor(readonly userId: string) {}
}
