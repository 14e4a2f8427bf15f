"""`/v1/insights`: what stands out."""

from fastapi import APIRouter

router = APIRouter()
