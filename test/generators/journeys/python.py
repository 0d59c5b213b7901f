"""A booking with the client of openapi-python-client."""

import os
from uuid import UUID

from med_connect_api_client import AuthenticatedClient, Client
from med_connect_api_client.api.sign_in import login
from med_connect_api_client.api.book import cancel_booking, create_booking
from med_connect_api_client.api.find_a_doctor import search_doctors
from med_connect_api_client.api.find_a_doctor import list_slots
from med_connect_api_client.models import CancelBookingBody, CreateBookingBody, LoginBody

url = os.environ["API_URL"]
credentials = LoginBody(email="patient@demo.medconnect.test", password="correct-demo-passphrase")
signed_in = login.sync(client=Client(base_url=url), body=credentials)
client = AuthenticatedClient(base_url=url, token=signed_in.tokens.access_token)

doctor = search_doctors.sync(client=client, query="dana").doctors[0]
slot = list_slots.sync(doctor.id, client=client).slots[2]
assert isinstance(slot.id, UUID), slot

body = CreateBookingBody(slot_id=slot.id, reason="A cough", patient_region="US-CA")
booking = create_booking.sync(client=client, body=body, idempotency_key=str(slot.id))
assert booking.start_time == slot.start_time, booking

refused = create_booking.sync(client=client, body=body, idempotency_key=f"{slot.id}-again")
assert refused.reason == "SLOT_UNAVAILABLE", refused

cancelled = cancel_booking.sync(booking.id, client=client, body=CancelBookingBody(reason="Better already"))
assert cancelled.status == "CANCELLED", cancelled
