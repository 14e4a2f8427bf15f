"""`/v1/export` and `/v1/import`: the ledger, out and in."""

from fastapi import APIRouter

router = APIRouter()
