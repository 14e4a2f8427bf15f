"""`/v1/attribution`: cost by dimension, agent, workflow and session."""

from fastapi import APIRouter

router = APIRouter()
