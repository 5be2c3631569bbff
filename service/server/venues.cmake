# The venues of this service, in the order in which texts name them: each line is a folder below
# clients/, which describes its venue by the function TheVenue() in its venue.h.
set(BALANCE_VENUES
  polymarket_us
  polysimulator
)
